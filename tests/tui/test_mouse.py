"""The mouse: select, open, sort, switch panes, and narrow to a product."""

from k8sai.tui.header import Header
from k8sai.tui.panes import PANES
from tests.tui.stage import LARGE, alone, cockpit, keys, lines, screen, table


@alone
async def test_a_click_selects_and_a_double_click_opens() -> None:
    app = cockpit()
    async with app.run_test(size=(120, 30)) as pilot:
        await app.show("nodes")
        await pilot.pause()
        await pilot.click(table(app).table, offset=(2, 4))
        await pilot.pause()
        row = app.current.cursor()
        assert row == keys(app)[3]
        await pilot.double_click(table(app).table, offset=(2, 4))
        await pilot.pause()
        assert (app.current.stem, app.current.subject["node"]) == ("node", row)


@alone
async def test_a_click_on_a_heading_sorts() -> None:
    app = cockpit()
    async with app.run_test(size=(120, 30)) as pilot:
        await app.show("nodes")
        await pilot.pause()
        at = next(line for line in lines(app) if line.startswith("NODE")).index("FREE")
        await pilot.click(table(app).table, offset=(at + 1, 0))
        await pilot.pause()
        assert table(app).sort == "free"


@alone
async def test_a_click_on_a_panes_name_goes_there() -> None:
    for size in (LARGE, (120, 24), (80, 24)):
        app = cockpit()
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            row = app.footer.size.height - 1
            for pane in PANES[::-1]:
                number = PANES.index(pane) + 1
                at = lines(app)[-1].index(f" {number} ")
                await pilot.click(app.footer, offset=(at + 3, row))
                await pilot.pause()
                assert app.current.stem == pane.stem
                assert f" {pane.title} " in lines(app)[-1]
            before = app.current.stem
            await pilot.click(app.footer, offset=(lines(app)[-1].index("help"), row))
            await pilot.pause()
            assert app.current.stem == before


@alone
async def test_a_click_on_a_product_shows_its_nodes() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        await pilot.pause()
        row = next(number for number, line in enumerate(lines(app)) if "A100-SXM4" in line)
        assert row < app.header.size.height
        await pilot.click(Header, offset=(LARGE[0] * 11 // 20 + 4, row))
        await pilot.pause()
        assert app.current.subject == {"product": "NVIDIA-A100-SXM4-80GB"}
        assert all(key.startswith("a100") for key in keys(app))
        assert "product NVIDIA-A100-SXM4-80GB" in screen(app)
        await pilot.click(Header, offset=(4, row))
        await pilot.pause()
        assert app.current.subject == {"product": "NVIDIA-A100-SXM4-80GB"}

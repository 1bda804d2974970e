"""What each pane says, and where Enter leads."""

from k8sai.fleet.index import Fleet
from k8sai.tui.told import Told
from tests.tui.stage import LARGE, alone, cockpit, keys, lines, number, press, screen, table
from tests.tui.world import GPU, NOW, FixedFeed, all_in, fill, live, node, pod


def line_of(text: str, word: str) -> str:
    """The one line that starts with a word."""
    found = [line for line in text.split("\n") if line.split()[:1] == [word]]
    assert len(found) == 1, found
    return " ".join(found[0].split())


@alone
async def test_nodes_say_cards_holders_and_state() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        await pilot.pause()
        said = screen(app)
        assert line_of(said, "h100-02").startswith(
            "h100-02 H100-80GB-HBM3 ■■■■■■□□ 6/8 2 2 ok team-llm 4 team-vision 2"
        )
        assert line_of(said, "h100-03").startswith("h100-03 H100-80GB-HBM3 ■■▼▼□□□□ 4/8 4 4 2 ending")
        assert "◊◊◊◊□□□□ 0/8 8 4" in line_of(said, "h100-04")
        assert "(research) 4" in line_of(said, "h100-04")
        assert line_of(said, "h100-06").startswith(
            "h100-06 H100-80GB-HBM3 ■■■■□□×× 4/6 2 2 2 2 unhealthy team-vision 4"
        )
        assert "■■░░░░░░ 2/8 6 0 cordoned" in line_of(said, "h100-07")
        assert "■■░░░░░░ 2/8 6 0 not ready" in line_of(said, "h100-08")
        assert line_of(said, "h100-00").endswith("eu-west-1a 7f2a.0 nvidia.com/gpu:NoSchedule 51d")


@alone
async def test_a_node_that_is_gone_is_shown_while_pods_hold_it() -> None:
    fleet = fill(Fleet())
    fleet.drop("nodes", node("h100-00"))
    app = cockpit(fleet)
    async with app.run_test(size=LARGE) as pilot:
        await pilot.pause()
        assert "gone" in line_of(screen(app), "h100-00")


@alone
async def test_colours_say_owners_and_queues_when_asked() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        await press(pilot, "c")
        assert "Job/eval 4 Job/detect 2" in line_of(screen(app), "h100-02")
        await press(pilot, "c")
        assert "llm 4 vision 2" in line_of(screen(app), "h100-02")


@alone
async def test_the_drill_down_tells_every_card_and_pod() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        table(app).table.point_at("h100-00")
        await press(pilot, "enter")
        said = screen(app)
        assert "Node h100-00 · 1 pod" in lines(app)[3]
        assert "product NVIDIA-H100-80GB-HBM3" in said
        assert "taints nvidia.com/gpu:NoSchedule" in said
        assert "nvidia.com/gpu card  used 8/8  free 0" in said
        assert " 7 ■ team-llm/train-7b-0" in said
        assert line_of(said, "team-llm").startswith("team-llm train-7b-0 8 Running")


@alone
async def test_the_drill_down_marks_ending_and_reserved() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        table(app).table.point_at("h100-03")
        await press(pilot, "enter")
        assert "Terminating" in next(line for line in lines(app) if "detect-1" in line and "2 T" in line)
        await press(pilot, "escape")
        table(app).table.point_at("h100-04")
        await press(pilot, "enter")
        assert any("next-0" in line and "reserved" in line for line in lines(app))


@alone
async def test_slices_and_replicas_are_told_in_their_own_units() -> None:
    app = cockpit()
    async with app.run_test(size=LARGE) as pilot:
        table(app).table.point_at("a100-mig")
        await press(pilot, "enter")
        assert "nvidia.com/mig-1g.10gb slice  used 2/7  free 5  1/7 card each" in screen(app)
        await press(pilot, "escape")
        table(app).table.point_at("l4-shared")
        await press(pilot, "enter")
        assert "nvidia.com/gpu.shared replica  used 3/16  free 13  1/4 card each" in screen(app)


@alone
async def test_a_node_deleted_while_it_is_looked_at_says_so() -> None:
    fleet = Fleet()
    fleet.replace("nodes", [node("only", {GPU: 8})])
    app = cockpit(fleet)
    async with app.run_test() as pilot:
        await press(pilot, "enter")
        fleet.drop("nodes", node("only"))
        app.paint()
        await pilot.pause()
        assert "only is gone: it was deleted, and no pod names it" in screen(app)
        await press(pilot, "escape")
        assert app.current.stem == "nodes"


@alone
async def test_pods_lead_to_their_node_with_the_cursor_on_them() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, number("pods"))
        table(app).table.point_at("team-vision/detect-0")
        await press(pilot, "enter")
        assert app.current.subject["node"] == "h100-02"
        assert table(app).table.cursor_key == "team-vision/detect-0"
        await press(pilot, "escape")
        assert app.current.stem == "pods"


@alone
async def test_a_pod_tells_all_that_is_known_of_it() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        table(app).table.point_at("h100-01")
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, Told)
        said = screen(app)
        for fact in ("Running", "h100-01", "nvidia.com/gpu=8", "Job/train-7b", "llm", "3h ago"):
            assert fact in said
        assert "kubectl describe pod -n team-llm train-7b-1" in said
        await press(pilot, "q")
        assert app.current.stem == "node"
        assert app.is_running


@alone
async def test_pending_says_the_whole_reason_of_the_pod_under_the_cursor() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, number("pending"))
        assert "train-70b-0 Unschedulable" in lines(app)[-5]
        assert "16 Preemption is not helpful." in lines(app)[-2]
        await press(pilot, "end")
        assert "next-0" in lines(app)[-5]


@alone
async def test_products_lead_to_their_nodes() -> None:
    app = cockpit()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, number("products"))
        table(app).table.point_at(next(key for key in keys(app) if key.startswith("NVIDIA-L4")))
        await press(pilot, "enter")
        assert keys(app) == ["l4-shared"]


@alone
async def test_products_are_found_by_name() -> None:
    app = cockpit()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, number("products"))
        app.current.narrow("mi300")
        await pilot.pause()
        assert keys(app) == ["AMD-Instinct-MI300X:amd.com/gpu:card"]
        app.current.narrow("-l a=b")
        await pilot.pause()
        assert "products have no labels" in screen(app)


@alone
async def test_a_cluster_without_pods_says_so() -> None:
    fleet = Fleet()
    fleet.replace("nodes", [node("h", {GPU: 8})])
    app = cockpit(fleet, FixedFeed(*live(1, 0)))
    async with app.run_test() as pilot:
        await press(pilot, number("pods"))
        assert "No pod holds or asks for a GPU" in screen(app)
        await press(pilot, number("pending"))
        assert "No pod waits for a GPU" in screen(app)


@alone
async def test_each_kind_of_nothing_has_its_reason_and_next_command() -> None:
    cases = (
        (FixedFeed(*all_in("starting")), "Reading nodes of prod-eu-1 …", ""),
        (FixedFeed(*live(0, 0)), "The cluster has no nodes", "kubectl get nodes"),
        (FixedFeed(*live(1, 9)), "1 node, and it offers no GPU", "kubectl get pods -A | grep"),
        (FixedFeed(*live(40, 9)), "40 nodes, and none offers a GPU", "kubectl get pods -A | grep"),
        (FixedFeed(*all_in("forbidden")), "No rights to see nodes", "kubectl auth can-i list nodes"),
        (FixedFeed(*all_in("failed", 0.0, "no route to host")), "prod-eu-1 does not answer", "kubectl cluster-info"),
        (FixedFeed(*all_in("retrying", NOW, "no route")), "The cluster has no nodes", "kubectl get nodes"),
    )
    for feed, title, command in cases:
        app = cockpit(Fleet(), feed)
        async with app.run_test() as pilot:
            await pilot.pause()
            assert title in screen(app)
            assert command in screen(app)


@alone
async def test_pods_forbidden_is_said_in_the_panes_of_pods() -> None:
    app = cockpit(Fleet(), FixedFeed(*all_in("forbidden", 0.0, "you may not list pods")))
    async with app.run_test() as pilot:
        await press(pilot, number("pods"))
        assert "No rights to see pods" in screen(app)
        await press(pilot, number("pending"))
        assert "No rights to see pods" in screen(app)


def test_pods_in_the_world_are_what_the_panes_are_tested_with() -> None:
    assert fill(Fleet()).counts()["gpuNodes"] == 15
    assert pod("a", "b", 1).metadata.uid == "a/b"

"""Which DRA drivers allocate GPUs, and which device classes people use to ask for them."""

import re
from typing import Final

# Driver -> family. Network, CPU and memory drivers are none of ours, nor is compute-domain.nvidia.com: it wires nodes.
DRIVERS: Final[tuple[tuple[str, str], ...]] = (
    (r"gpu\.nvidia\.com", "nvidia"),
    (r"gpu\.amd\.com", "amd"),
    (r"gpu\.intel\.com", "intel"),
    (r"gaudi\.intel\.com|gaudi\.habana\.ai", "habana"),
    (r"tpu\.google\.com", "google"),
    (r"neuron\.(?:aws|amazonaws|amazon|aws\.amazon)\.com", "aws"),
    (r"npu\.huawei\.com", "huawei"),
    (r"npu\.furiosa\.ai", "furiosa"),
    (r"(?:[\w.-]+-)?gpu\.project-hami\.io", "nvidia"),
    (r"gpu\.[\w.-]+", "other"),  # the convention that drivers follow
)
_OURS: Final = re.compile(r"gpu|tpu|npu|neuron|gaudi|accelerator|(?:^|[.-])(?:mig|vfio|xpu)(?:[.-]|$)", re.IGNORECASE)
_OTHERS: Final = re.compile(
    r"compute-?domain|imex|rdma|roce|infiniband|sriov|sr-iov|dranet|(?:^|[.-])(?:net\w*|nic|nics|cpu|mem\w*|numa|fpga|usb)"
    r"(?:[.-]|$)",
    re.IGNORECASE,
)


def asks_for_gpus(device_class: str) -> bool:
    """Whether a class not known to serve an extended resource hands out GPUs, judged by its name alone.

    A class may be called anything; one that is not plainly about something else is taken for GPUs. Once a claim is
    allocated its driver decides.
    """
    return bool(_OURS.search(device_class)) or not _OTHERS.search(device_class)

"""The device: how time, energy and clocks are read."""

import gc
import platform
import statistics
import threading
import time

import torch

WARM_UP = 3
ROUNDS = 7           # of which the median is reported
ROUND_S = 6e-3       # device time of a round, at least
CALLS = (4, 64)      # of a round, least and most


class OutOfTime(Exception):
    """--seconds have passed."""


class Meter:
    """NVML's counters of the GPU that PyTorch uses."""

    def __init__(self):
        import pynvml
        self.nvml = pynvml
        pynvml.nvmlInit()
        try:
            self.handle = pynvml.nvmlDeviceGetHandleByUUID("GPU-" + str(torch.cuda.get_device_properties(0).uuid))
        except (AttributeError, pynvml.NVMLError):
            self.handle = pynvml.nvmlDeviceGetHandleByIndex(0)

    def joules(self):
        return self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.handle) * 1e-3

    def sm_mhz(self):
        return self.nvml.nvmlDeviceGetClockInfo(self.handle, self.nvml.NVML_CLOCK_SM)

    def ask(self, name, *arguments):
        """A value that not every device or driver gives."""
        try:
            value = getattr(self.nvml, name)(self.handle, *arguments)
            return value.decode() if isinstance(value, bytes) else value
        except Exception as error:  # NVMLError, or no such function
            return f"not told: {error}"

    def describe(self):
        nvml = self.nvml
        version = nvml.nvmlSystemGetDriverVersion()
        return {"driver": version.decode() if isinstance(version, bytes) else version,
                "name": self.ask("nvmlDeviceGetName"),
                "power_limit_w": self.ask("nvmlDeviceGetEnforcedPowerLimit"),
                "max_sm_mhz": self.ask("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_SM),
                "max_memory_mhz": self.ask("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_MEM),
                "memory_mhz": self.ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_MEM),
                "temperature_c": self.ask("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU),
                "clock_limits": self.ask("nvmlDeviceGetCurrentClocksThrottleReasons"),
                "ecc": str(self.ask("nvmlDeviceGetEccMode")),
                "pcie": [self.ask("nvmlDeviceGetCurrPcieLinkGeneration"), self.ask("nvmlDeviceGetCurrPcieLinkWidth")]}


class Sampler:
    """Clock and energy counter, sampled while work runs."""

    def __init__(self, meter):
        self.meter, self.clocks, self.energy, self.stop = meter, [], [], threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)

    def sample(self):
        while not self.stop.wait(0.01):
            self.energy.append((time.perf_counter(), self.meter.joules()))
            self.clocks.append(self.meter.sm_mhz())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def sm_mhz(self):
        settled = self.clocks[len(self.clocks) // 3:]  # the clock needs a while to follow the power
        return statistics.median(settled) if settled else None

    def watts(self):
        """Average power between the first and the last step of the counter, which moves some ten times a second."""
        steps = [now for before, now in zip(self.energy, self.energy[1:]) if now[1] != before[1]]
        if len(steps) < 3:
            return None
        return (steps[-1][1] - steps[0][1]) / (steps[-1][0] - steps[0][0])


class Device:
    """One GPU, or for a rehearsal the CPU."""

    def __init__(self, rehearse=False, until=float("inf")):
        self.rehearse, self.until = rehearse, until
        self.name = "cpu" if rehearse else "cuda"
        torch.manual_seed(1)
        gc.collect()
        gc.freeze()  # captures collect garbage: of what is here already there is none
        self.meter = None if rehearse else Meter()
        self.l2_bytes = 1 << 16 if rehearse else getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 50 << 20)
        self.description = self.describe()
        self.source = f"scripts/measure_gpu.py {self.description.get('name', 'cpu')}"

    def describe(self):
        about = {"torch": torch.__version__, "python": platform.python_version(), "processor": processor()}
        if self.rehearse:
            return about
        about |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(), "l2_bytes": self.l2_bytes,
                  "sms": torch.cuda.get_device_properties(0).multi_processor_count}
        about |= self.meter.describe()
        torch.ones(1, device=self.name)
        before, began = self.meter.joules(), time.monotonic()
        time.sleep(2)
        about["idle_w"] = (self.meter.joules() - before) / (time.monotonic() - began)
        return about

    def check_time(self):
        if time.monotonic() > self.until:
            raise OutOfTime

    def sync(self):
        if not self.rehearse:
            torch.cuda.synchronize()

    def empty(self):
        """Gives memory back between large measurements."""
        if not self.rehearse:
            torch.cuda.empty_cache()

    def tensor(self, *shape, dtype=torch.float32, scale=1.0):
        return (torch.randn(*shape, device=self.name, dtype=torch.float32) * scale).to(dtype)

    def sets(self, size):
        """How many sets of operands of so many bytes to go round, so that none is found in L2; at most 16."""
        return 1 if self.rehearse else max(1, min(16, -(-4 * self.l2_bytes // max(1, size))))

    def elapsed(self, fn):
        """Device seconds of what `fn` launches."""
        if self.rehearse:
            began = time.perf_counter()
            fn()
            return time.perf_counter() - began
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        fn()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e-3

    def capture(self, fn):
        """What `fn` launches as a CUDA graph's replay, or `fn` itself on the CPU."""
        if self.rehearse:
            return fn
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            fn()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            fn()
        return graph.replay

    def time(self, calls):
        """Device time of one call of a list of them (same work, other operands): they run back to back in a CUDA graph,
        so what one costs is its duration and the gap before it. Median over rounds; spread: half of the middle half's width."""
        self.check_time()
        for _ in range(WARM_UP):
            for call in calls:
                call()
        self.sync()
        once = self.elapsed(calls[0])
        count = 2 if self.rehearse else int(max(CALLS[0], min(CALLS[1], ROUND_S / max(once, 1e-6))))
        replay = self.capture(lambda: repeat(calls, count))
        replay()
        self.sync()
        rounds = sorted(self.elapsed(replay) / count * 1e6 for _ in range(ROUNDS))
        return {"us": statistics.median(rounds), "spread_us": (rounds[-2] - rounds[1]) / 2}

    def run(self, fn, seconds=1.5):
        """Time, energy and clock of calls of `fn` one after another for so long, as a program would make them."""
        self.check_time()
        fn()
        once = max(1e-6, statistics.median(self.wall(fn) for _ in range(3)))
        if self.meter is None:
            return {"us": once * 1e6}
        self.loop(fn, max(2, int(0.2 / once)))  # power and clock settle
        took = self.loop(fn, max(4, int(0.3 * seconds / once)))
        with Sampler(self.meter) as sampler:
            sampled = self.loop(fn, max(4, int(seconds / once)))
        watts = sampler.watts()
        return {"us": took * 1e6, "host_us": statistics.median(self.issue(fn) for _ in range(5)) * 1e6, "power_w": watts,
                "energy_mj": watts * sampled * 1e3 if watts else None, "sm_mhz": sampler.sm_mhz()}

    def loop(self, fn, count):
        """Seconds a call."""
        self.sync()
        began = time.perf_counter()
        for _ in range(count):
            fn()
        self.sync()
        return (time.perf_counter() - began) / count

    def issue(self, fn):
        """Host seconds until `fn` returns, the device idle before."""
        self.sync()
        began = time.perf_counter()
        fn()
        return time.perf_counter() - began

    def wall(self, fn):
        self.sync()
        began = time.perf_counter()
        fn()
        self.sync()
        return time.perf_counter() - began


def repeat(calls, count):
    """So many calls in turn; what they return is given back at once."""
    for i in range(count):
        calls[i % len(calls)]()


def size(*tensors):
    """Bytes."""
    return sum(t.numel() * t.element_size() for t in tensors)


def processor():
    """The host's processor: what launches."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()

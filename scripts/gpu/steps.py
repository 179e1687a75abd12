"""Whole inferences and training steps, launched by a framework one by one and as a CUDA graph, with their energy."""

import contextlib
import copy
import pathlib
import re
import sys

import torch
import torchvision
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from gpu.device import OutOfTime
from gpu.gemms import allow_tf32
from gpu.kernel_list import kernels_of, summary

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from capture.bert import Bert  # noqa: E402

SECONDS = {"inference": 1.0, "training": 1.6, "update": 0.8}  # of a run whose energy is counted
INFERENCE = [(name, batch) for name in ("fp16", "tf32") for batch in (1, 8, 128)]
RESNET_TRAINING = [("mixed", 64), ("tf32", 64), ("mixed", 256), ("tf32", 256)]
BERT_TRAINING = [(128, "mixed", 64), (512, "mixed", 16), (128, "tf32", 64), (512, "tf32", 16)]


def folded(model):
    """Batch norms folded into the convolutions before them."""
    model = copy.deepcopy(model).eval()
    for module in model.modules():
        names = dict(module.named_children())
        for name in names:
            norm = name.replace("conv", "bn")
            if isinstance(names[name], torch.nn.Conv2d) and isinstance(names.get(norm), torch.nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(names[name], names[norm]))
                setattr(module, norm, torch.nn.Identity())
        if isinstance(module, torch.nn.Sequential) and list(names) == ["0", "1"] and isinstance(names["1"], torch.nn.BatchNorm2d):
            module[0], module[1] = fuse_conv_bn_eval(names["0"], names["1"]), torch.nn.Identity()
    return model


def report(gpu, results, call, what, *, graph=True, **columns):
    """Rows of one step: launched one by one, and as a graph."""
    label = f"{what} {columns['dtype']} batch={columns['batch']}"
    ways = [("eager", call)]
    try:
        for _ in range(3):
            call()
        gpu.sync()
        if graph:
            ways.append(("graph", gpu.capture(call)))
    except OutOfTime:
        raise
    except RuntimeError as error:
        results.skip(f"graph of {label}", error)
        gpu.sync()
    for how, run in ways:
        timing = gpu.run(run, SECONDS[re.search("mode=(\\w+)", what).group(1)])
        try:
            kernels, launches = kernels_of(gpu, run)
        except RuntimeError as error:
            results.skip(f"kernels of {label} {how}", error)
            kernels, launches = [], 0
        about = summary(kernels)
        results.kernels[f"{label} {how}"] = kernels
        results.add("step", timing, note=f"{what} run={how} launches={launches} busy_us={about['busy_us']} span_us={about['span_us']}",
                    kernels=about["kernels"], **columns)


def resnet_inference(gpu, results):
    base = (torchvision.models.resnet18() if gpu.rehearse else torchvision.models.resnet50()).to(gpu.name).eval()
    base = base.to(memory_format=torch.channels_last)
    for name, batch in [("tf32", 1)] if gpu.rehearse else INFERENCE:
        allow_tf32(name == "tf32")
        kind = torch.float16 if name == "fp16" else torch.float32
        side = 32 if gpu.rehearse else 224
        x = gpu.tensor(batch, 3, side, side, dtype=kind).to(memory_format=torch.channels_last)
        plain = copy.deepcopy(base).to(kind)
        flat = folded(base).to(kind)
        with torch.inference_mode():
            report(gpu, results, lambda: plain(x), "network=resnet50 mode=inference", graph=False, batch=batch, dtype=name)
            report(gpu, results, lambda: flat(x), "network=resnet50 mode=inference folded", batch=batch, dtype=name)
        gpu.empty()


def trainer(model, loss_of, optimizer, mixed):
    """One step: gradients, then the update; 16 bits where autocast says, FP32 weights."""
    def step():
        optimizer.zero_grad(set_to_none=True)
        # a graph replays the casts of weights, so nothing may be kept between steps
        cast = torch.autocast("cuda", dtype=torch.float16) if mixed else contextlib.nullcontext()
        with cast:
            loss = loss_of(model)
        loss.backward()
        optimizer.step()
    return step


def resnet_training(gpu, results):
    for name, batch in [("tf32", 2)] if gpu.rehearse else RESNET_TRAINING:
        allow_tf32(True)
        model = (torchvision.models.resnet18() if gpu.rehearse else torchvision.models.resnet50()).to(gpu.name)
        model = model.to(memory_format=torch.channels_last).train()
        side = 32 if gpu.rehearse else 224
        x = gpu.tensor(batch, 3, side, side).to(memory_format=torch.channels_last)
        target = torch.randint(0, 1000, (batch,), device=gpu.name)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
        step = trainer(model, lambda m: functional.cross_entropy(m(x).float(), target), optimizer, name == "mixed")
        report(gpu, results, step, "network=resnet50 mode=training optimizer=sgd", batch=batch, dtype=name)
        del model, optimizer, step
        gpu.empty()


def attention(kind):
    """As single kernels (products, softmax, dropout), or fused as the library likes."""
    if kind == "fused" or not hasattr(torch.nn, "attention"):
        return contextlib.nullcontext()
    return torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)


def bert(gpu, length):
    if gpu.rehearse:
        return Bert(layers=2, width=64, heads=4, hidden=128, length=16, vocabulary=128), 128
    return Bert(layers=24, width=1024, heads=16, hidden=4096, length=length), 30522


def bert_training(gpu, results):
    for length, name, batch in [(16, "tf32", 2)] if gpu.rehearse else BERT_TRAINING:
        allow_tf32(True)
        with torch.device(gpu.name) if hasattr(torch, "get_default_device") else contextlib.nullcontext():
            model, vocabulary = bert(gpu, length)
        model = model.to(gpu.name).train()
        tokens = torch.randint(0, vocabulary, (batch, length), device=gpu.name)
        places = torch.arange(length, device=gpu.name).repeat(batch, 1)
        segments = torch.zeros_like(tokens)
        target = torch.randint(0, vocabulary, (batch * length,), device=gpu.name)

        def loss_of(m):
            return functional.cross_entropy(m(tokens, places, segments).flatten(0, 1), target)

        ways = ["single", "fused"] if name == "mixed" else ["single"]
        for way in ways:
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-5, momentum=0.9)
            with attention(way):
                step = trainer(model, loss_of, optimizer, name == "mixed")
                report(gpu, results, step, f"network=bert-large-{length} mode=training optimizer=sgd attention={way}",
                       graph=False, batch=batch, dtype=name)  # its embeddings' gradients wait for the host
            del optimizer, step
            gpu.empty()
        del model
        gpu.empty()


def optimizers(gpu, results):
    """The update by itself: as few kernels as the library can, and one by one."""
    model = (torchvision.models.resnet18() if gpu.rehearse else torchvision.models.resnet50()).to(gpu.name)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    for label, make in {"sgd foreach": lambda p: torch.optim.SGD(p, lr=1e-4, momentum=0.9, foreach=True),
                        "sgd single": lambda p: torch.optim.SGD(p, lr=1e-4, momentum=0.9, foreach=False),
                        "adam foreach": lambda p: torch.optim.Adam(p, lr=1e-4, foreach=True)}.items():
        optimizer = make(list(model.parameters()))
        report(gpu, results, optimizer.step, f"network=resnet50 mode=update optimizer={label.replace(' ', '-')}", graph=False,
               batch=1, dtype="fp32")


def measure(gpu, results):
    torch.backends.cudnn.benchmark = True
    if hasattr(torch.backends.cuda, "allow_fp16_bf16_reduction_math_sdp"):
        torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(True)  # attention's products stay in 16 bits
    for part in (resnet_inference, resnet_training, bert_training, optimizers):
        try:
            part(gpu, results)
        except RuntimeError as error:
            results.skip(part.__name__, error)
        results.write()
        gpu.empty()

#!/usr/bin/env python3
"""Times PyTorch's kernels on the sizes of Diptych's, in the same way.

Writes a line of JSON that says what it is. Then it reads lines, each a JSON list of names of
timings, and answers each with a line: for every name that PyTorch has something for, the median in
µs of each way of doing it. It ends when its input does.
"""
import json
import os
import re
import sys

import torch
import torch._dynamo
import torch._functorch.config
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

RUNS = 20
DEVICE = "cuda"

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # whatever else is printed, by PyTorch or its compiler, is no answer


def configure(module, **values):
    for name, value in values.items():
        if hasattr(module, name):  # versions differ
            setattr(module, name, value)


# A compiled backward is run many times, so it must not reuse what forward saved.
configure(torch._functorch.config, donated_buffer=False)
# One function is compiled for many sizes, each for itself.
configure(torch._dynamo.config, recompile_limit=1000, cache_size_limit=1000)

other = torch.empty(1 << 28, dtype=torch.uint8, device=DEVICE)


def median_us(run):
    for _ in range(3):
        run()
    times = []
    for i in range(RUNS):
        other.fill_(i)  # empties the L2 cache of what the run reads
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) * 1e3)
    times.sort()
    return (times[RUNS // 2 - 1] + times[RUNS // 2]) / 2


def normal(*shape, dtype=torch.float32, grad=False):
    return torch.randn(*shape, dtype=dtype, device=DEVICE, requires_grad=grad)


def channels_last(dtype, b, side, c):
    return normal(b, c, side, side, dtype=dtype).to(memory_format=torch.channels_last)


def backward(y, inputs):
    dy = torch.randn_like(y)
    return lambda: torch.autograd.grad(y, inputs, dy, retain_graph=True)


def gelu(x):
    return F.gelu(x)


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def layer_norm(x, w, b):
    return F.layer_norm(x, x.shape[-1:], w, b)


def linear_gelu(x, w, b):
    return F.gelu(F.linear(x, w, b))


compiled = {f: torch.compile(f, dynamic=False) for f in (gelu, quick_gelu, layer_norm, linear_gelu)}


def ways(f, inputs, is_backward, eager=True):
    """A function as it is, and compiled."""
    found = {}
    for name, g in (("eager", f), ("torch.compile", compiled[f])):
        if name == "eager" and not eager:
            continue
        if is_backward:
            found[name] = lambda g=g: backward(g(*inputs), inputs)
        else:
            found[name] = lambda g=g: lambda: g(*inputs)
    return found


def matmul(dtype, m, n, k, ta, tb):
    a = normal(k, m, dtype=dtype).t() if ta else normal(m, k, dtype=dtype)
    b = normal(n, k, dtype=dtype).t() if tb else normal(k, n, dtype=dtype)
    return {"torch.mm": lambda: lambda: torch.mm(a, b)}


def attention(dtype, b, h, t, d, causal, is_backward):
    """PyTorch's backends, each forced. q, k and v are views of one packed projection, as ours are;
    their gradients are three matrices, not one packed: that copy is not counted."""
    packed = normal(b, t, 3, h, d, dtype=dtype)
    q, k, v = (packed[:, :, i].transpose(1, 2).detach().requires_grad_(is_backward) for i in range(3))

    def forced(backend):
        def run():
            with sdpa_kernel(backend):
                return F.scaled_dot_product_attention(q, k, v, is_causal=causal)

        return backward(run(), (q, k, v)) if is_backward else run

    backends = ("FLASH_ATTENTION", "CUDNN_ATTENTION", "EFFICIENT_ATTENTION", "MATH")
    return {name: lambda name=name: forced(getattr(SDPBackend, name)) for name in backends}


def convolution(dtype, what, b, height, width, c, o, kernel, stride):
    """cuDNN's fastest algorithm, on channels last and without TF32."""
    last = {"memory_format": torch.channels_last}
    x = normal(b, c, height, width, dtype=dtype).to(**last).requires_grad_(what == "backward of x")
    w = normal(o, c, kernel, kernel, dtype=dtype).to(**last).requires_grad_(what == "backward of w")
    run = lambda: F.conv2d(x, w, stride=stride, padding=kernel // 2)
    if what == "forward":
        return {"F.conv2d": lambda: run}
    return {"F.conv2d": lambda: backward(run(), w if what == "backward of w" else x)}


def contrastive(dtype, n, d, is_backward):
    """As CLIP's authors and OpenCLIP write it, with the matrix of logits; ours counts the accuracy too.
    The backward reads the logits and softmaxes that the forward kept; ours computes them again."""
    u, v = (normal(n, d, dtype=dtype, grad=is_backward) for _ in range(2))
    log_scale = torch.tensor(100.0, device=DEVICE).log().requires_grad_(is_backward)
    pairs = torch.arange(n, device=DEVICE)

    def run():
        logits = log_scale.exp() * F.normalize(u, dim=-1) @ F.normalize(v, dim=-1).t()
        return (F.cross_entropy(logits, pairs) + F.cross_entropy(logits.t(), pairs)) / 2

    return {"with logits": lambda: backward(run(), (u, v, log_scale)) if is_backward else run}


def patch_embedding(dtype, b, size, patch, c, is_backward):
    images = normal(b, 3, size, size, dtype=dtype)
    weight = normal(c, 3, patch, patch, dtype=dtype, grad=is_backward)
    token = normal(1, 1, c, dtype=dtype, grad=is_backward)
    positions = normal(1 + (size // patch) ** 2, c, dtype=dtype, grad=is_backward)

    def run():
        patches = F.conv2d(images, weight, stride=patch).flatten(2).transpose(1, 2)
        return torch.cat([token.expand(b, 1, c), patches], 1) + positions

    return {"eager": lambda: backward(run(), (weight, token, positions)) if is_backward else run}


def strided_copy(dtype, name):
    if "every second" in name or "transposed" in name or "repeated" in name:
        side = 1 << 13
        x = normal(side, side, dtype=dtype)
        if "every second" in name:
            return {"contiguous": lambda: lambda: x[::2].contiguous()}
        if "transposed" in name:
            return {"contiguous": lambda: lambda: x.t().contiguous()}
        return {"contiguous": lambda: lambda: x[:1].expand(side, side).contiguous()}
    dy = normal(256, 50, 768, dtype=dtype)
    return {"sum": lambda: lambda: dy.sum(1)}


def numbers(found):
    return [int(text) for text in found.groups() if text and text.isdigit()]


def peers(name):
    """The ways that PyTorch has for a timing: name and what prepares it."""
    dtype = torch.bfloat16 if name.endswith("bf16") else torch.float32
    is_backward = " backward " in name
    n = 1 << 26
    if name.startswith("elementwise add 2^26"):
        a, b, y = (normal(n, dtype=dtype) for _ in range(3))
        return {"torch.add": lambda: lambda: torch.add(a, b, out=y)}
    if re.match(r"GELU \w+ 2\^26", name):
        return ways(gelu, (normal(n, dtype=dtype, grad=is_backward),), is_backward)
    if re.match(r"QUICK_GELU \w+ 2\^26", name):  # eagerly it is three kernels
        return ways(quick_gelu, (normal(n, dtype=dtype, grad=is_backward),), is_backward, eager=False)
    found = re.match(r"layernorm \w+ (\d+)×(\d+) ", name)
    if found:
        rows, c = numbers(found)
        inputs = tuple(
            normal(*shape, dtype=dtype, grad=is_backward) for shape in ((rows, c), (c,), (c,))
        )
        return ways(layer_norm, inputs, is_backward)
    found = re.match(r"softmax \w+ (\d+)×(\d+) ", name)
    if found:
        x = normal(*numbers(found), dtype=dtype, grad=is_backward)
        run = lambda: F.softmax(x, dim=-1)
        return {"F.softmax": lambda: backward(run(), x) if is_backward else run}
    found = re.match(r"l2normalize forward (\d+)×(\d+) ", name)
    if found:
        x = normal(*numbers(found), dtype=dtype)
        return {"F.normalize": lambda: lambda: F.normalize(x, dim=-1)}
    found = re.match(r"reduce sum of rows (\d+)×(\d+) ", name)
    if found:
        x = normal(*numbers(found), dtype=dtype)
        return {"sum": lambda: lambda: x.sum(0)}
    if name == "adamw 2^26 f32":
        p = torch.nn.Parameter(normal(n))
        p.grad = normal(n)
        return {"fused": lambda: torch.optim.AdamW([p], fused=True).step}
    found = re.match(r"embedding forward (\d+)×(\d+)×(\d+) ", name)
    if found:
        b, t, c = numbers(found)
        ids = torch.randint(49408, (b, t), device=DEVICE)
        table, positions = normal(49408, c, dtype=dtype), normal(t, c, dtype=dtype)
        return {"F.embedding": lambda: lambda: F.embedding(ids, table) + positions}
    found = re.match(r"matmul (\d+)×(\d+)×(\d+) ([NT])([NT])", name)
    if found:
        return matmul(dtype, *numbers(found), found[4] == "T", found[5] == "T")
    found = re.match(r"linear (\d+)×(\d+)→(\d+) GELU", name)
    if found:
        m, k, n = numbers(found)
        return ways(linear_gelu, tuple(normal(*s, dtype=dtype) for s in ((m, k), (n, k), (n,))), False)
    found = re.match(r"attention \w+ (\d+)×(\d+)×(\d+)×(\d+)( causal)? ", name)
    if found:
        return attention(dtype, *numbers(found), found[5] is not None, is_backward)
    if name.startswith("elementwise convert"):
        x, y = normal(n), torch.empty(n, dtype=torch.bfloat16, device=DEVICE)
        return {"copy_": lambda: lambda: y.copy_(x)}
    if name.startswith("strided copy"):
        return strided_copy(dtype, name)
    found = re.match(r"patchembedding \w+ (\d+)×(\d+)² by (\d+)² to (\d+)", name)
    if found:
        return patch_embedding(dtype, *numbers(found), is_backward)
    found = re.match(r"contrastive \w+ (\d+)×(\d+) ", name)
    if found:
        return contrastive(dtype, *numbers(found), is_backward)
    found = re.match(
        r"conv2d (forward|backward of .) (\d+)×(\d+)×(\d+)×(\d+)→(\d+) (\d+)×\d+/(\d+)", name
    )
    if found:
        return convolution(dtype, found[1], *numbers(found))
    found = re.match(r"channelslast forward (\d+)×(\d+)×(\d+)", name)
    if found:
        x = normal(*numbers(found))
        y = normal(x.shape[0], x.shape[2], x.shape[1], dtype=dtype)
        return {"copy_": lambda: lambda: y.copy_(x.transpose(1, 2))}
    found = re.match(r"channelslast backward (\d+)×(\d+)×(\d+)", name)
    if found:
        b, c, pixels = numbers(found)
        dy, dx = normal(b, pixels, c, dtype=dtype), normal(b, c, pixels)
        return {"copy_": lambda: lambda: dx.copy_(dy.transpose(1, 2))}
    found = re.match(r"batchnorm (training|in use|backward) (\d+)×(\d+)", name)
    if found:
        rows, c = numbers(found)
        x = channels_last(dtype, 64, round((rows / 64) ** 0.5), c).requires_grad_(is_backward)
        w, b = (normal(c, grad=is_backward) for _ in range(2))
        running = normal(c), normal(c).abs()
        run = lambda: F.batch_norm(x, *running, w, b, training=found[1] != "in use")
        return {"F.batch_norm": lambda: backward(run(), (x, w, b)) if is_backward else run}
    found = re.match(r"averagepool \w+ (\d+)×(\d+)×\d+×(\d+) by (\d+)", name)
    if found:
        b, side, c, k = numbers(found)
        x = channels_last(dtype, b, side, c).requires_grad_(is_backward)
        run = lambda: F.avg_pool2d(x, k)
        return {"F.avg_pool2d": lambda: backward(run(), x) if is_backward else run}
    return {}


def timed(name):
    times = {}
    for way, prepare in peers(name).items():
        try:
            times[way] = median_us(prepare())
        except Exception as e:  # this way does not take these operands, or does not compile
            print(f"{name}, {way}: {str(e).splitlines()[:1]}", file=sys.stderr)
    return times


def largest_product(size, dtype):
    """GFLOP/s."""
    a = normal(size, size, dtype=dtype)
    return 2 * size**3 / median_us(lambda: torch.mm(a, a)) / 1e3


def answer(value):
    print(json.dumps(value), file=answers, flush=True)


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    answer(
        {
            "torch": torch.__version__,
            "gpu": torch.cuda.get_device_name(),
            "f32_gigaflops": largest_product(4096, torch.float32),
            "bf16_gigaflops": largest_product(8192, torch.bfloat16),
        }
    )
    for line in sys.stdin:
        found = {}
        for name in json.loads(line):
            times = timed(name)
            if times:
                found[name] = times
            torch.cuda.empty_cache()
        answer(found)


main()

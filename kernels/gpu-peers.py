#!/usr/bin/env python3
"""Times PyTorch's kernels on the sizes that gpu-check timed, the same way, and prints both.

gpu-peers.py GPU-CHECK.json PEERS.json
"""
import json
import re
import sys

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

RUNS = 20
device = "cuda"
other = torch.empty(1 << 28, dtype=torch.uint8, device=device)


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
    return torch.randn(*shape, dtype=dtype, device=device, requires_grad=grad)


def backward(y, inputs):
    dy = torch.randn_like(y)
    return lambda: torch.autograd.grad(y, inputs, dy, retain_graph=True)


def matmul(dtype, m, n, k, ta, tb, tf32=False):
    a = normal(k, m, dtype=dtype).t() if ta else normal(m, k, dtype=dtype)
    b = normal(n, k, dtype=dtype).t() if tb else normal(k, n, dtype=dtype)
    torch.backends.cuda.matmul.allow_tf32 = tf32
    return lambda: torch.mm(a, b)


def attention(dtype, b, h, t, d, causal, is_backward):
    """The fastest of PyTorch's backends, each forced. q, k and v are views of one packed projection, as
    ours are; their gradients are three matrices, not one packed: that copy is not counted."""
    packed = normal(b, t, 3, h, d, dtype=dtype)
    q, k, v = (packed[:, :, i].transpose(1, 2).detach().requires_grad_(is_backward) for i in range(3))
    best = None
    for backend in (
        SDPBackend.FLASH_ATTENTION,
        SDPBackend.CUDNN_ATTENTION,
        SDPBackend.EFFICIENT_ATTENTION,
        SDPBackend.MATH,
    ):

        def run(backend=backend):
            with sdpa_kernel(backend):
                return F.scaled_dot_product_attention(q, k, v, is_causal=causal)

        try:
            timed = backward(run(), (q, k, v)) if is_backward else run
            time = median_us(timed)
        except RuntimeError as e:  # this backend does not take these operands
            print(f"  {backend.name}: {str(e).splitlines()[0]}")
            continue
        print(f"  {backend.name}: {time:.1f} µs")
        if best is None or time < best[0]:
            best = time, timed
    return best[1]


def peer(name):
    """What PyTorch has for a timing of gpu-check, or None."""
    dtype = torch.bfloat16 if name.endswith("bf16") else torch.float32
    n = 1 << 26
    if name.startswith("elementwise add"):
        a, b, y = normal(n, dtype=dtype), normal(n, dtype=dtype), normal(n, dtype=dtype)
        return lambda: torch.add(a, b, out=y)
    if name.startswith("elementwise convert"):
        x, y = normal(n), torch.empty(n, dtype=torch.bfloat16, device=device)
        return lambda: y.copy_(x)
    if name.startswith("strided copy"):
        side = 1 << 13
        x = normal(side, side, dtype=dtype)
        if "every second" in name:
            return lambda: x[::2].contiguous()
        if "transposed" in name:
            return lambda: x.t().contiguous()
        if "repeated" in name:
            return lambda: x[:1].expand(side, side).contiguous()
        dy = normal(256, 50, 768, dtype=dtype)
        return lambda: dy.sum(1)
    if name.startswith("GELU"):
        x = normal(n, dtype=dtype, grad="backward" in name)
        return backward(F.gelu(x), x) if "backward" in name else lambda: F.gelu(x)
    found = re.match(r"layernorm (forward|backward) (\d+)×(\d+)", name)
    if found:
        rows, c = int(found[2]), int(found[3])
        x, w, b = (normal(*s, dtype=dtype, grad=True) for s in ((rows, c), (c,), (c,)))
        run = lambda: F.layer_norm(x, (c,), w, b)
        if found[1] == "backward":
            return backward(run(), (x, w, b))
        x, w, b = x.detach(), w.detach(), b.detach()
        return lambda: F.layer_norm(x, (c,), w, b)
    found = re.match(r"softmax (forward|backward) (\d+)×(\d+)", name)
    if found:
        x = normal(int(found[2]), int(found[3]), dtype=dtype, grad=found[1] == "backward")
        run = lambda: F.softmax(x, dim=-1)
        return backward(run(), x) if found[1] == "backward" else run
    if name.startswith("l2normalize forward"):
        x = normal(1 << 16, 512, dtype=dtype)
        return lambda: F.normalize(x, dim=-1)
    if name.startswith("reduce sum of rows"):
        x = normal(51200, 768, dtype=dtype)
        return lambda: x.sum(0)
    if name.startswith("adamw"):
        p = torch.nn.Parameter(normal(n))
        p.grad = normal(n)
        optimizer = torch.optim.AdamW([p], fused=True)
        return optimizer.step
    if name.startswith("embedding forward"):
        ids = torch.randint(49408, (512, 77), device=device)
        table, positions = normal(49408, 512, dtype=dtype), normal(77, 512, dtype=dtype)
        return lambda: F.embedding(ids, table) + positions
    found = re.match(r"patchembedding (forward|backward) (\d+)×(\d+)² by (\d+)² to (\d+)", name)
    if found:
        b, size, patch, c = (int(found[i]) for i in (2, 3, 4, 5))
        images = normal(b, 3, size, size, dtype=dtype)
        weight = normal(c, 3, patch, patch, dtype=dtype, grad=True)
        token = normal(1, 1, c, dtype=dtype, grad=True)
        positions = normal(1 + (size // patch) ** 2, c, dtype=dtype, grad=True)

        def run():
            patches = F.conv2d(images, weight, stride=patch).flatten(2).transpose(1, 2)
            return torch.cat([token.expand(b, 1, c), patches], 1) + positions

        if found[1] == "backward":
            return backward(run(), (weight, token, positions))
        weight, token, positions = (p.detach() for p in (weight, token, positions))
        return run
    found = re.match(r"matmul (\d+)×(\d+)×(\d+) ([NT])([NT])", name)
    if found:
        m, n, k = (int(found[i]) for i in (1, 2, 3))
        return matmul(dtype, m, n, k, found[4] == "T", found[5] == "T")
    found = re.match(r"linear (\d+)×(\d+)→(\d+) GELU", name)
    if found:
        m, k, n = (int(found[i]) for i in (1, 2, 3))
        x, w, b = (normal(*s, dtype=dtype) for s in ((m, k), (n, k), (n,)))
        return lambda: F.gelu(F.linear(x, w, b))
    found = re.match(r"attention (forward|backward) (\d+)×(\d+)×(\d+)×(\d+)( causal)?", name)
    if found:
        b, h, t, d = (int(found[i]) for i in (2, 3, 4, 5))
        return attention(dtype, b, h, t, d, found[6] is not None, found[1] == "backward")
    return None


def main():
    with open(sys.argv[1]) as file:
        ours = json.load(file)
    copied = ours["copy_bytes_per_second"]
    peers = []
    print(f"\nPyTorch {torch.__version__} on the same sizes")
    print(f"{'kernel':44} {'ours µs':>9} {'torch µs':>9} {'torch/ours':>10} {'of copy':>8} {'TFLOP/s':>8}")
    for timing in ours["timings"]:
        name = timing["name"]
        run = peer(name)
        theirs = None
        if run is not None:
            theirs = median_us(run)
            peers.append({"name": name, "median_us": theirs})
        mine = timing["median_us"]
        share = timing["bytes"] / (mine * 1e-6) / copied
        rate = timing["flops"] / mine / 1e6
        print(
            f"{name:44} {mine:9.1f} {theirs or float('nan'):9.1f} {(theirs or float('nan')) / mine:10.2f}"
            f" {100 * share:7.0f}% {rate:8.2f}"
        )
        del run
        torch.cuda.empty_cache()
    a = normal(8192, 8192, dtype=torch.bfloat16)
    peak = 2 * 8192**3 / median_us(lambda: torch.mm(a, a)) / 1e6
    torch.backends.cuda.matmul.allow_tf32 = False
    a = normal(4096, 4096)
    plain = 2 * 4096**3 / median_us(lambda: torch.mm(a, a)) / 1e6
    print(f"matrix product: bf16 {peak:.0f} TFLOP/s (8192³), f32 {plain:.1f} TFLOP/s (4096³)")
    with open(sys.argv[2], "w") as file:
        json.dump(
            {"torch": torch.__version__, "bf16_tflops": peak, "f32_tflops": plain, "peers": peers},
            file,
            indent=1,
        )


main()

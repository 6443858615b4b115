"""IFactFormer-m and -o in plain PyTorch: the rival of the benchmark and its check.

Written from the published description (arXiv 2412.18840), as one would write it in PyTorch: nothing is folded,
pooled early or split. Parameter names are those of a checkpoint's `state_dict`.

Used by `cargo bench -p rheome-flow`, which starts

    pytorch_ifactformer.py DIRECTORY --output FILE [--repeats N] [--threads N] [--compile]

on a directory that holds `case.json`, `weights.safetensors` and `io.safetensors` (input, target, pos_x, pos_y, pos_z).
The output of a step goes to FILE, for the bench to compare; seconds, losses and peak memory go to standard output as
one JSON object.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F


class GaussianFourierFeatures(nn.Module):
    """Positions [points, axes] -> concat(sin z, cos z) [points, dim] with z = 2 pi p B."""

    def __init__(self, axes, dim, scale=8.0):
        super().__init__()
        self._B = nn.Parameter(torch.randn(axes, dim // 2) * scale, requires_grad=False)

    def forward(self, positions):
        z = 2 * math.pi * (positions @ self._B)
        return torch.cat((z.sin(), z.cos()), dim=-1)


class Rotary(nn.Module):
    """Angles [n, dim] of a coordinate [n, 1], in the two-halves layout."""

    def __init__(self, dim, min_freq=1 / 64):
        super().__init__()
        self.min_freq = min_freq
        self.register_buffer("inv_freq", 1.0 / (10000 ** (torch.arange(0, dim, 2).float() / dim)))

    def forward(self, position):
        angles = (position / self.min_freq) * self.inv_freq
        return torch.cat((angles, angles), dim=-1)


def rotate(t, angles):
    first, second = t.chunk(2, dim=-1)
    return t * angles.cos() + torch.cat((-second, first), dim=-1) * angles.sin()


class LowRankKernel(nn.Module):
    """Pooled features [b, n, C] -> kernel [b, H, n, n], K = q k^T."""

    def __init__(self, dim, heads, dim_head, multiplier):
        super().__init__()
        self.heads = heads
        inner = dim_head * multiplier
        self.to_q = nn.Linear(dim, heads * inner, bias=False)
        self.to_k = nn.Linear(dim, heads * inner, bias=False)
        for linear in (self.to_q, self.to_k):
            nn.init.xavier_uniform_(linear.weight, gain=0.02)
        self.pos_emb = Rotary(inner)
        self.scaling = 1.0 if multiplier <= 4 else inner**-0.5

    def forward(self, r, position):
        b, n, _ = r.shape
        angles = self.pos_emb(position)
        q, k = (
            rotate(linear(r).view(b, n, self.heads, -1).transpose(1, 2), angles) for linear in (self.to_q, self.to_k)
        )
        return q @ k.transpose(-1, -2) * self.scaling


class GatedFeedForward(nn.Module):
    """Linear C -> 2C, gelu(first half) * second half, linear C -> C."""

    def __init__(self, dim):
        super().__init__()
        self.net = nn.ModuleList([nn.Linear(dim, 2 * dim), nn.Identity(), nn.Identity(), nn.Linear(dim, dim)])

    def forward(self, x):
        gate, value = self.net[0](x).chunk(2, dim=-1)
        return self.net[3](F.gelu(gate) * value)


class NormThen(nn.Module):
    def __init__(self, dim, fn):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fn = fn

    def forward(self, x):
        return self.fn(self.norm(x))


class Pool(nn.Module):
    """Field [b, nx, ny, nz, C] -> features of one axis [b, n, C]."""

    def __init__(self, dim, axis):
        super().__init__()
        self.others = tuple(a for a in (1, 2, 3) if a != axis)
        self.to_in = nn.Linear(dim, dim, bias=False)
        self.out_ffn = NormThen(dim, GatedFeedForward(dim))

    def forward(self, g):
        return self.out_ffn(self.to_in(g).mean(dim=self.others))


class FactorizedAttention(nn.Module):
    def __init__(self, dim, heads, dim_head, multiplier, parallel):
        super().__init__()
        self.heads, self.parallel = heads, parallel
        self.in_norm = nn.LayerNorm(dim)
        self.to_v = nn.Linear(dim, heads * dim_head, bias=False)
        self.to_in = nn.Linear(dim, dim, bias=False)
        self.to_x = nn.ModuleList([Pool(dim, 1)])
        self.to_y = nn.ModuleList([nn.Identity(), Pool(dim, 2)])
        self.to_z = nn.ModuleList([nn.Identity(), Pool(dim, 3)])
        for axis in "xyz":
            self.add_module(f"low_rank_kernel_{axis}", LowRankKernel(dim, heads, dim_head, multiplier))
        inner = heads * dim_head * (3 if parallel else 1)
        self.to_out = nn.ModuleList(
            [
                nn.Identity(),
                nn.InstanceNorm1d(inner),
                nn.Linear(inner, dim, bias=False),
                nn.GELU(),
                nn.Linear(dim, dim, bias=False),
            ]
        )

    def forward(self, u, positions):
        b, nx, ny, nz, _ = u.shape
        h = self.in_norm(u)
        v = self.to_v(h).view(b, nx, ny, nz, self.heads, -1).permute(0, 4, 1, 2, 3, 5)
        g = self.to_in(h)
        pools = (self.to_x[0], self.to_y[1], self.to_z[1])
        kernels = (self.low_rank_kernel_x, self.low_rank_kernel_y, self.low_rank_kernel_z)
        equations = ("bhij,bhjyzc->bhiyzc", "bhij,bhxjzc->bhxizc", "bhij,bhxyjc->bhxyic")
        parts = []
        for pool, kernel, equation, position in zip(pools, kernels, equations, positions, strict=True):
            part = torch.einsum(equation, kernel(pool(g), position), v)
            if self.parallel:
                parts.append(part)
            else:
                v = part
        out = torch.cat(parts, dim=-1) if self.parallel else v
        out = out.permute(0, 1, 5, 2, 3, 4).reshape(b, -1, nx * ny * nz)
        out = self.to_out[1](out).transpose(1, 2).view(b, nx, ny, nz, -1)
        return self.to_out[4](self.to_out[3](self.to_out[2](out)))


class Encoder(nn.Module):
    def __init__(self, dim, depth, iterations, **block):
        super().__init__()
        self.iterations = iterations
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [
                    nn.Sequential(GaussianFourierFeatures(3, dim), nn.Linear(dim, dim)),
                    FactorizedAttention(dim, **block),
                ]
            )
            for _ in range(depth)
        )

    def forward(self, u, positions):
        points = torch.stack(torch.meshgrid(*(p[:, 0] for p in positions), indexing="ij"), dim=-1)
        for embedding, block in self.layers:
            u = u + embedding(points.reshape(-1, 3)).view(*points.shape[:3], -1)
            for _ in range(self.iterations):
                u = u + block(u, positions) / self.iterations
        return u


class IFactFormer(nn.Module):
    """Field [b, t, nx, ny, nz, in] -> next field [b, nx, ny, nz, out]."""

    def __init__(self, config):
        super().__init__()
        dim, channels = config["dim"], config["channels"]
        self.to_in = nn.Sequential(
            nn.Conv2d(channels, dim // 2, 1, groups=channels),
            nn.GELU(),
            nn.Conv2d(dim // 2, dim, (config["time_window"], 1), bias=False),
        )
        self.encoder = Encoder(
            dim,
            config["depth"],
            config["iterations"],
            heads=config["heads"],
            dim_head=config["dim_head"],
            multiplier=config["kernel_multiplier"],
            parallel=config["kind"] == "ifactformer-m",
        )
        self.simple_to_out = nn.Sequential(
            nn.Identity(), nn.Conv1d(dim, dim // 2, 1, bias=False), nn.GELU(), nn.Conv1d(dim // 2, channels, 1)
        )

    def forward(self, x, positions):
        b, t, nx, ny, nz, c = x.shape
        u = self.to_in(x.permute(0, 5, 1, 2, 3, 4).reshape(b, c, t, -1))
        u = u.view(b, -1, nx * ny * nz).transpose(1, 2).reshape(b, nx, ny, nz, -1)
        u = self.encoder(u, positions)
        out = self.simple_to_out(u.reshape(b, nx * ny * nz, -1).transpose(1, 2))
        return out.transpose(1, 2).reshape(b, nx, ny, nz, -1)


def relative_l2(prediction, target):
    difference = (prediction - target).flatten(1).norm(dim=1)
    return (difference / target.flatten(1).norm(dim=1)).mean()


def peak_memory(device):
    """The largest resident memory of this process so far, in MiB; none for a GPU, whose memory it does not show."""
    if device != "cpu":
        return None
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None


def seconds(work, repeats, device):
    """Seconds of each call of `work`, after one that is not counted; a GPU is waited for."""
    wait = (lambda: None) if device == "cpu" else torch.cuda.synchronize
    work()
    wait()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - start)
    return times


def training_step(model, optimizer, io, positions, losses):
    optimizer.zero_grad()
    loss = relative_l2(model(io["input"], positions), io["target"])
    loss.backward()
    optimizer.step()
    losses.append(loss.item())


def measure(model, io, output, repeats, device):
    positions = [io[f"pos_{axis}"] for axis in "xyz"]
    with torch.inference_mode():
        forward = seconds(lambda: model(io["input"], positions), repeats, device)
        save_file({"output": model(io["input"], positions).cpu().contiguous()}, output)
    forward_peak = peak_memory(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.01)
    losses = []
    training = seconds(lambda: training_step(model, optimizer, io, positions, losses), repeats, device)
    return {
        "version": torch.__version__,
        "forward_seconds": forward,
        "training_seconds": training,
        "losses": losses,
        "forward_peak_mib": forward_peak,
        "training_peak_mib": peak_memory(device),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="the case")
    parser.add_argument("--output", type=Path, required=True, help="file for the output of a step")
    parser.add_argument("--repeats", type=int, default=5, help="times each step is timed")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch's operations")
    parser.add_argument("--compile", action="store_true", help="compile the model first")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:1")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = IFactFormer(json.loads((args.directory / "case.json").read_text()))
    model.load_state_dict(load_file(args.directory / "weights.safetensors"))
    model.to(args.device)
    io = {name: tensor.to(args.device) for name, tensor in load_file(args.directory / "io.safetensors").items()}
    if args.compile:
        model = torch.compile(model)
    print(json.dumps(measure(model, io, args.output, args.repeats, args.device)))


if __name__ == "__main__":
    main()

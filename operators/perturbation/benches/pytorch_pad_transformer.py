"""The PAD-Transformer ("differential_perceiver") in plain PyTorch: the rival of the benchmark and its check.

Written from the published description (arXiv 2602.07103), as one would write it in PyTorch: every evaluation computes
everything, attention maps are whole matrices and the gene graph is a mask. (The genes are encoded once for all cells.)

Used by `cargo bench -p rheome-perturbation --bench velocity`, which starts

    pytorch_pad_transformer.py --directory DIRECTORY [--repeats N] [--threads N]

on a directory that holds `case.json`, `weights.safetensors` and `io.safetensors` (noisy, control, gene_ids, edges). The
velocity goes to `velocity.safetensors` there, for the bench to compare; seconds and peak memory to standard output as
one JSON object.
"""

import argparse
import json
import math
import resource
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F


class PadTransformer:
    def __init__(self, weights, heads, encoder_heads):
        self.w = weights
        self.heads, self.encoder_heads = heads, encoder_heads
        self.blocks = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks."))

    def linear(self, x, name):
        return F.linear(x, self.w[f"{name}.weight"], self.w.get(f"{name}.bias"))

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w[f"{name}.weight"], self.w[f"{name}.bias"])

    def encode_genes(self, ids, mask):
        layer = "encoder.perturbation_interaction"
        attention = f"{layer}.cross_attn"
        table = self.norm(self.w["encoder.embedding.weight"], "encoder.enc_norm")
        genes = table[ids]
        weight, bias = self.w[f"{attention}.in_proj_weight"].chunk(3), self.w[f"{attention}.in_proj_bias"].chunk(3)
        inputs = self.norm(genes, f"{layer}.norm1"), table, table
        q, k, v = (split(F.linear(x, w, b), self.encoder_heads) for x, w, b in zip(inputs, weight, bias))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        found = scores.masked_fill(~mask[ids], -math.inf).softmax(-1) @ v
        genes = genes + self.linear(merge(found), f"{attention}.out_proj")
        wide = F.gelu(self.linear(self.norm(genes, f"{layer}.norm2"), f"{layer}.linear1"))
        return genes + self.linear(wide, f"{layer}.linear2")

    def encode_values(self, values, name):
        values = values.clamp(max=512.0).unsqueeze(-1)
        return self.norm(self.linear(F.relu(self.linear(values, f"{name}.linear1")), f"{name}.linear2"), f"{name}.norm")

    def embed_time(self, times):
        frequencies = torch.exp(-math.log(10000.0) * torch.arange(128, device=times.device) / 128)
        angles = times[:, None] * frequencies
        sinusoids = torch.cat((angles.cos(), angles.sin()), dim=-1)
        return self.linear(F.silu(self.linear(sinusoids, "t_embedder.mlp.0")), "t_embedder.mlp.2")

    def differential_attention(self, name, index, q1, k1, q2, k2, v):
        def project(x, part):
            return split(F.linear(x, self.w[f"{name}.{part}.weight"]), self.heads)

        def attention_map(q, k):
            return (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)

        first = attention_map(project(q1, "q_proj_1"), project(k1, "k_proj_1"))
        second = attention_map(project(q2, "q_proj_2"), project(k2, "k_proj_2"))
        start = 0.8 - 0.6 * math.exp(-0.3 * index)
        one, two = ((self.w[f"{name}.lambda_q{i}"] @ self.w[f"{name}.lambda_k{i}"]).exp() for i in (1, 2))
        heads = (first - (one - two + start) * second) @ project(v, "v_proj")
        heads = heads * torch.rsqrt(heads.square().mean(-1, keepdim=True) + 1e-5) * self.w[f"{name}.subln.weight"]
        return F.linear(merge(heads * (1 - start)), self.w[f"{name}.out_proj.weight"])

    def part(self, name, index, state, time_embedding, other):
        numbers = self.linear(F.silu(time_embedding), f"{name}.adaLN_modulation.1").unsqueeze(1).chunk(6, dim=-1)
        shift, scale, gate, ff_shift, ff_scale, ff_gate = numbers
        normal = F.layer_norm(state, state.shape[-1:], eps=1e-6) * (1 + scale) + shift
        if other is None:
            arguments = normal, state, normal, state, normal
        else:
            arguments = normal, normal, other, other, normal
        state = state + gate * self.differential_attention(f"{name}.attn", index, *arguments)
        normal = F.layer_norm(state, state.shape[-1:], eps=1e-6) * (1 + ff_scale) + ff_shift
        wide = F.gelu(self.linear(normal, f"{name}.mlp.fc1"), approximate="tanh")
        return state + ff_gate * self.linear(wide, f"{name}.mlp.fc2")

    def velocity(self, ids, noisy, times, control, perturbed, mask):
        genes = self.encode_genes(ids, mask)
        perturbation = self.encode_genes(perturbed, mask).mean(0)
        noisy = self.encode_values(noisy, "value_encoder_1") + genes
        control = self.encode_values(control, "value_encoder_2") + genes
        state = F.gelu(self.linear(torch.cat((noisy, control), -1), "fusion_layer.0"))
        state = self.norm(self.linear(state, "fusion_layer.2"), "fusion_layer.3")
        time_embedding = self.embed_time(times)
        perturbation = perturbation.expand_as(state)
        for i in range(self.blocks):
            adaptive = f"gene_adaLN.{i}"
            shift, gate, scale = self.linear(F.silu(genes), f"{adaptive}.adaLN_modulation.1").chunk(3, dim=-1)
            state = state + gate * (self.norm(state, f"{adaptive}.norm") * scale + shift)
            state = torch.cat((state, perturbation), -1)
            for number in (0, 3):
                state = F.leaky_relu(self.linear(state, f"adapter_layer.{i}.{number}"))
            state = self.part(f"blocks.{i}.diff_self_attn", i, state, time_embedding, None)
            state = self.part(f"blocks.{i}.diff_cross_attn", i, state, time_embedding, control)
        state = torch.cat((state, perturbation), -1)
        for number in (0, 2):
            state = F.leaky_relu(self.linear(state, f"final_layer.fc.{number}"))
        return self.linear(state, "final_layer.fc.4").squeeze(-1)


def split(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(-2, -3)


def merge(x):
    return x.transpose(-2, -3).flatten(-2)


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:1")
    options = parser.parse_args()
    wait = (lambda: None) if options.device == "cpu" else torch.cuda.synchronize
    torch.set_num_threads(options.threads)
    case = json.loads((options.directory / "case.json").read_text())
    model = PadTransformer(load_file(options.directory / "weights.safetensors", options.device), **case)
    io = load_file(options.directory / "io.safetensors", options.device)
    size = len(model.w["encoder.embedding.weight"])
    mask = torch.zeros(size, size, dtype=torch.bool, device=options.device)
    mask[tuple(io["edges"].view(-1, 2).T)] = True
    times = torch.full((len(io["noisy"]),), 0.3, device=options.device)
    arguments = io["gene_ids"], io["noisy"], times, io["control"], torch.tensor([10, 20], device=options.device), mask
    velocity = model.velocity(*arguments)
    wait()
    seconds, cpu = [], time.process_time()
    for _ in range(options.repeats):
        start = time.perf_counter()
        model.velocity(*arguments)
        wait()
        seconds.append(time.perf_counter() - start)
    cpu = (time.process_time() - cpu) / options.repeats
    save_file({"velocity": velocity.cpu()}, options.directory / "velocity.safetensors")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"velocity": sorted(seconds)[options.repeats // 2], "cpu": cpu, "peak_mib": peak}))


if __name__ == "__main__":
    main()

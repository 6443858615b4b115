#!/usr/bin/env python3
"""Checks Rheome on a GPU and prints one JSON object: devices, parity, benches, device memory of a long rollout.

    gpu_check.py --programs FOLDER --torch TORCH_FOLDER [--device cuda]

FOLDER is what `make gpu-programs` gathers (target/gpu-check): the programs, built against libtorch 2.11, the published numbers and the
PyTorch scripts. It can be carried to a machine without cargo or sources. TORCH_FOLDER is the `torch` folder of a PyTorch 2.11
installation with CUDA 13. With `--device libtorch` the script itself can be tried where there is no GPU. Only Python's own library is
needed; the benches beside PyTorch use the interpreter that runs this script if it can import torch.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Seconds that any program may take.
TIMEOUT = 600


def run(command, environment, timeout=TIMEOUT):
    """Exit status, standard output and the end of standard error of a program."""
    start = time.monotonic()
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return {"status": "timeout", "seconds": timeout, "output": "", "error": ""}
    return {
        "status": done.returncode,
        "seconds": round(time.monotonic() - start, 1),
        "output": done.stdout,
        "error": done.stderr[-2000:],
    }


def parity(programs, environment):
    """What each suite found; the largest difference of single and of half precision."""
    suites = {}
    for program in sorted(programs.glob("parity_*")):
        name = program.name
        done = run([program], environment)
        summary = re.search(r"(\d+) checks, (\d+) failed", done["output"])
        differences = {"f32": 0.0, "bf16": 0.0}
        for line in done["output"].splitlines():
            found = re.search(r"([0-9.]+e-?\d+) <=", line)
            if found and not re.search("trained|AdamW|grad", line):
                kind = "bf16" if "bf16" in line else "f32"
                differences[kind] = max(differences[kind], float(found.group(1)))
        suites[name] = {
            "passed": done["status"] == 0,
            "checks": int(summary.group(1)) if summary else 0,
            "failed": int(summary.group(2)) if summary else None,
            "largest_difference": differences,
            "seconds": done["seconds"],
        }
        if done["status"] != 0:
            suites[name]["error"] = done["error"]
    return suites


def bench_names(programs):
    """The benches that `make gpu-programs` gathered."""
    return (programs / "benches").read_text().split()


def benches(programs, environment, device, small):
    """Ratios to PyTorch eager and torch.compile, in the lines of the table of all benches."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "bench.jsonl"
        environment = {**environment, "RHEOME_BENCH_TABLE": str(table), "RHEOME_BENCH_COMPILE": "1"}
        if subprocess.run([sys.executable, "-c", "import torch, numpy, safetensors"], capture_output=True).returncode == 0:
            environment["RHEOME_TORCH_PYTHON"] = sys.executable
        common = ["--bench", "--devices", device] + (["--small"] if small else [])
        results = {}
        for name in bench_names(programs):
            done = run([programs / name, *common], environment)
            results[name] = {"passed": done["status"] == 0, "seconds": done["seconds"], "table": done["output"][-3000:]}
            if done["status"] != 0:
                results[name]["error"] = done["error"]
        lines = table.read_text().splitlines() if table.exists() else []
        results["comparisons"] = [json.loads(line) for line in lines]
        return results


def device_memory(pid):
    """MiB that a process holds on the GPU; that all hold, where nvidia-smi does not know the process (in a container); or None."""
    query = ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]
    try:
        text = subprocess.run(query, capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 2 and fields[0] == str(pid) and fields[1].isdigit():
            return int(fields[1])
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    try:
        used = subprocess.run(query, capture_output=True, text=True, timeout=20).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        return None
    return sum(int(number) for number in used if number.isdigit()) if used else None


def long_rollout(programs, environment, device, steps, precision):
    """Device memory over a rollout of many steps, and its time a step."""
    with tempfile.TemporaryDirectory() as folder:
        command = [programs / "turbulence", "rollout", "--model", programs / "demo-model"]
        command += ["--input", programs / "held-out.h5", "--steps", str(steps), "--every", str(steps)]
        command += ["--device", device, "--precision", precision, "--output", Path(folder) / "rollout.h5"]
        start, samples = time.monotonic(), []
        with open(Path(folder) / "stderr", "w+") as said:
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said)
            while process.poll() is None:
                memory = device_memory(process.pid)
                if memory is not None:
                    samples.append(memory)
                if time.monotonic() - start > TIMEOUT:
                    process.kill()
                time.sleep(0.5)
            said.seek(0)
            error = said.read()[-2000:]
        seconds = time.monotonic() - start
    # The first samples see the program load.
    settled = samples[len(samples) // 4 :]
    result = {
        "passed": process.returncode == 0,
        "steps": steps,
        "seconds_per_step": seconds / steps,
        "device_memory_mib": {"samples": len(samples), "first": settled[0], "last": settled[-1]} if settled else None,
    }
    if settled:
        result["memory_constant"] = settled[-1] <= settled[0]
    if process.returncode != 0:
        result["error"] = error
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=Path, required=True, help="the folder that `make gpu-programs` gathered")
    parser.add_argument("--torch", type=Path, help="the torch folder of a PyTorch 2.11 installation with CUDA 13")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, ... or libtorch to try the script")
    parser.add_argument("--steps", type=int, default=3000, help="steps of the long rollout")
    parser.add_argument("--small", action="store_true", help="small benches")
    options = parser.parse_args()
    environment = dict(os.environ)
    if options.torch:
        if not (options.torch / "lib").is_dir():
            parser.error(f"--torch {options.torch}: no lib in it; expected the torch folder of a PyTorch installation")
        environment["RHEOME_TORCH"] = str(options.torch)
        environment["LD_LIBRARY_PATH"] = f"{options.torch / 'lib'}:{environment.get('LD_LIBRARY_PATH', '')}"
    programs = options.programs.resolve()
    environment["RHEOME_GOLDEN"] = str(programs / "golden")
    environment["RHEOME_BENCH_SOURCES"] = str(programs)
    environment["RHEOME_DEVICES"] = options.device
    smi = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        gpus = subprocess.run(smi, capture_output=True, text=True, timeout=20).stdout.splitlines()
    except (OSError, subprocess.TimeoutExpired):
        gpus = []
    detection = run([programs / "turbulence", "--version", "--verbose"], environment)
    report = {
        "device": options.device,
        "gpus": gpus,
        "program": detection["output"].splitlines(),
        "parity": parity(programs, environment),
        "benches": benches(programs, environment, options.device, options.small),
        "rollout": {
            precision: long_rollout(programs, environment, options.device, options.steps, precision)
            for precision in ["f32", "bf16"]
        },
    }
    suites, results, rollouts = report["parity"], report["benches"], report["rollout"]
    report["passed"] = (
        bool(suites)
        and all(suite["passed"] and suite["checks"] > 0 for suite in suites.values())
        and all(results[name]["passed"] for name in bench_names(programs))
        # On a GPU a memory that could not be read is not constant.
        and all(r["passed"] and r.get("memory_constant", not options.device.startswith("cuda")) for r in rollouts.values())
    )
    print(json.dumps(report, indent=2))
    return 0 if report["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())

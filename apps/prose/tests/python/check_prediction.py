"""Opens a prediction with h5py and xarray: what apps/prose/FORMAT.md promises is there."""

import sys

import h5py
import numpy as np
import xarray

with h5py.File(sys.argv[1]) as file:
    assert file.attrs["format"] == "rheome-prose-prediction"
    assert file.attrs["format_version"] == 1
    assert "predict" in file.attrs["command_line"] and "[model]" in file.attrs["settings"]
    for name in ("input", "held_back", "network", "equation"):
        group = file[name]
        time, values = group["time"][:], group["values"][:]
        assert np.all(np.diff(time) > 0) and values.shape == (len(time), len(group["component"]))
        assert np.isfinite(values).all()
    truth, found = file["held_back/values"][:], file["equation/values"][:]
    error = np.linalg.norm(found - truth) / np.linalg.norm(truth)
    assert np.isclose(error, file["equation"].attrs["error_on_held_back"], rtol=1e-6), error
    candidates = file["candidates"]
    rows = {len(candidates[name]) for name in candidates if name not in ("constant", "part")}
    assert len(rows) == 1, rows
    residual = candidates["residual"][:]
    known = residual[np.isfinite(residual)]
    assert np.all(np.diff(known) >= 0), "the best first"
    problems = candidates["problem"].asstr()[:]
    assert np.array_equal(problems != "", np.isnan(residual))
    # The words of the best equation, as prefix notation, are its formula: Python computes its right-hand side.
    namespace = dict(u_0=2.0, u_1=3.0)
    formula = candidates["infix"].asstr()[0].replace("^", "**")
    right = [eval(part, {"__builtins__": {}}, namespace) for part in formula.split(" | ")]
    assert np.allclose(right, [0.6 * 2 - 0.03 * 6, 0.02 * 6 - 0.9 * 3], rtol=1e-2), right

# xarray names every axis, with either library behind it.
for engine in ("h5netcdf", "netcdf4"):
    for group in ("input", "held_back", "network", "equation"):
        with xarray.open_dataset(sys.argv[1], group=group, engine=engine) as points:
            assert points["values"].dims == ("time", "component"), points
            assert set(points.coords) == {"time", "component"}, points
            assert list(points["component"].values) == ["prey", "predators"], points["component"]
            assert np.isfinite(points["values"].sel(component="prey")).all()
    with xarray.open_dataset(sys.argv[1], group="candidates", engine=engine) as equations:
        assert equations["constants"].dims == ("candidate", "constant", "part"), equations
        assert all(equations[name].dims == ("candidate",) for name in ("infix", "author", "residual")), equations
        assert not any("phony" in dim for dim in equations.sizes), equations.sizes
        best = equations.sel(candidate=1)
        assert best["author"] == "user" and float(best["residual"]) == known[0]
        assert np.allclose(best["constants"].sel(part="fitted"), [0.6, 0.03, 0.02, 0.9], rtol=1e-2)

"""Opens what `turbulence` wrote with the users' own tools: check_outputs.py ROLLOUT.h5 ROLLOUT.nc ARRAY.npy STATS.h5 REFERENCE.h5 PNG..."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

HELD_OUT = Path(__file__).parents[4] / "tests/fixtures/turbulence/held-out.h5"
AXES = ("time", "x", "y", "z", "component")


def check_fields(dataset, steps):
    velocity = dataset["velocity"]
    assert velocity.dims == AXES, velocity.dims
    assert velocity.shape == (steps, 12, 33, 12, 3), velocity.shape
    assert velocity.dtype == np.float32
    assert list(dataset["component"].values) == ["u", "v", "w"]
    assert np.allclose(np.diff(dataset["time"]), 0.2)
    assert np.isclose(dataset["y"][-1], 2.0)
    assert dataset.attrs["Re_tau"] == 180.0
    assert dataset.attrs["model"] == "ifactformer-m"
    assert velocity.attrs["units"] == "u_tau"
    assert np.isfinite(velocity.values).all()
    # A turbulent channel between solid walls: the flow moves downstream, and hardly at the walls.
    mean = velocity.sel(component="u").mean(("time", "x", "z"))
    assert 10 < float(mean.mean()) < 20, float(mean.mean())
    assert abs(float(mean[0])) < 2 and abs(float(mean[-1])) < 2
    return velocity


def check_xdmf(h5):
    xdmf = h5.with_suffix(".xdmf")
    tree = ElementTree.parse(xdmf)
    items = [item.text.strip() for item in tree.iter("DataItem") if item.get("Format") == "HDF"]
    assert items
    with h5py.File(h5) as file:
        for item in items:
            name, place = item.split(":", 1)
            assert name == h5.name, name
            assert place in file, place
    times = [float(time.get("Value")) for time in tree.iter("Time")]
    with h5py.File(h5) as file:
        assert np.allclose(times, file["time"][:])


def open_group(path, group):
    return xr.open_dataset(path, engine="h5netcdf", group=group)


def check_profiles(path, velocity):
    with open_group(path, "rollout") as profiles:
        assert profiles["mean"].dims == ("component", "y")
        assert profiles.attrs["snapshots"] == 6
        assert profiles.attrs["Re_tau"] == 180.0
        assert profiles.attrs["source_model"] == "ifactformer-m"
        assert np.allclose(profiles["y_plus"], 180 * profiles["y"])
        assert "y_plus" in profiles["mean"].coords
        u = velocity.astype(np.float64).transpose("component", "y", ...)
        over = ("time", "x", "z")
        deviation = u - u.mean(over)
        rms = np.sqrt((deviation**2).mean(over))
        np.testing.assert_allclose(profiles["mean"], u.mean(over), atol=1e-10)
        np.testing.assert_allclose(profiles["rms"], rms, atol=1e-10)
        np.testing.assert_allclose(profiles["skewness"], (deviation**3).mean(over) / rms**3, atol=1e-8)
        np.testing.assert_allclose(profiles["flatness"], (deviation**4).mean(over) / rms**4, atol=1e-8)
        stress = (deviation.sel(component="u") * deviation.sel(component="v")).mean(over)
        np.testing.assert_allclose(profiles["shear_stress"], stress, atol=1e-10)
        return deviation


def check_spectra(path, deviation):
    """Spectra and correlations against numpy's transforms and against the definition."""
    for name, axis, other in (("streamwise", "x", "z"), ("spanwise", "z", "x")):
        with open_group(path, f"rollout/{name}") as spectra:
            assert spectra["energy"].dims == ("component", "y", "wavenumber")
            assert spectra["energy"].attrs["units"] == "u_tau^2 h"
            assert {"y_plus", "wavenumber_plus"} <= set(spectra["energy"].coords)
            n = deviation.sizes[axis]
            step = float(spectra["wavenumber"][1])
            lines = deviation.transpose("component", "y", "time", other, axis).values
            modes = np.fft.rfft(lines, axis=-1) / n
            sides = np.where((np.arange(n // 2 + 1) == 0) | (2 * np.arange(n // 2 + 1) == n), 1, 2)
            energy = sides * (np.abs(modes) ** 2).mean((2, 3)) / step
            np.testing.assert_allclose(spectra["energy"], energy, atol=1e-9)
            cross = sides * (modes[0] * modes[1].conj()).real.mean((1, 2)) / step
            np.testing.assert_allclose(spectra["cospectrum"], cross, atol=1e-9)
            variance = (lines**2).mean((2, 3, 4))
            for r in range(n // 2 + 1):
                product = (lines * np.roll(lines, -r, axis=-1)).mean((2, 3, 4))
                np.testing.assert_allclose(spectra["correlation"][:, :, r], product / variance, atol=1e-8)
            spacing = float(deviation[axis][1])
            np.testing.assert_allclose(spectra["separation"], spacing * np.arange(n // 2 + 1), atol=1e-6)


def check_series(path, velocity):
    with open_group(path, "rollout/history") as history:
        assert history["wall_shear"].dims == ("snapshot", "wall")
        assert list(history["wall"].values) == ["lower", "upper"]
        np.testing.assert_allclose(history["time"], velocity["time"], atol=1e-9)
        mean = velocity.sel(component="u").astype(np.float64).mean(("x", "z"))
        bulk = mean.integrate("y") / 2
        np.testing.assert_allclose(history["bulk_velocity"], bulk, rtol=1e-9)
        assert (history["divergence"] > 0).all() and (history["relative_divergence"] < 1).all()
        assert not history["exact"].any()
    with open_group(path, "rollout/slices") as slices:
        assert slices["u_along_x"].dims == ("time", "y", "x")
        for k, y in enumerate(slices["y"].values):
            plane = velocity.sel(component="u").sel(y=y, method="nearest")
            np.testing.assert_array_equal(slices["u_along_x"][:, k], plane.isel(z=0))
            np.testing.assert_array_equal(slices["u_along_z"][:, k], plane.isel(x=0))


# Snapshots of the reference that a step of the operator covers.
STRIDE = 4


def check_lead_time(path, group, velocity, reference):
    truth = reference["velocity"].astype(np.float64)
    with open_group(path, f"{group}/lead_time") as errors:
        assert errors["relative_error"].dims == ("lead_time", "quantity")
        assert list(errors["quantity"].values) == ["velocity", "u", "v", "w"]
        assert errors.attrs["reference"].endswith("held-out.h5:velocity, trajectory 0"), errors.attrs["reference"]
        fluctuation = truth - truth.mean(("time", "x", "z"))
        for lead in range(6):
            actual, expected = velocity[lead].values.astype(np.float64), truth[STRIDE * (lead + 1)].values
            error = np.linalg.norm(actual - expected) / np.linalg.norm(expected)
            np.testing.assert_allclose(errors["relative_error"][lead, 0], error, rtol=1e-9)
            one = (velocity[lead] - truth.mean(("time", "x", "z"))).transpose("x", "y", "z", "component").values
            two = fluctuation[STRIDE * (lead + 1)].values
            correlation = (one * two).sum() / np.linalg.norm(one) / np.linalg.norm(two)
            np.testing.assert_allclose(errors["correlation"][lead, 0], correlation, rtol=1e-6)
            held = np.linalg.norm(truth[0].values - expected) / np.linalg.norm(expected)
            np.testing.assert_allclose(errors["persistence_relative_error"][lead, 0], held, rtol=1e-9)


def main(h5, nc, npy, stats, compared, *pictures):
    with xr.open_dataset(h5, engine="h5netcdf") as a, xr.open_dataset(nc, engine="netcdf4") as b:
        first, second = check_fields(a, 6), check_fields(b, 6)
        np.testing.assert_array_equal(first.values, second.values)
        np.testing.assert_array_equal(np.load(npy), first.values)
    with h5py.File(h5) as file:
        assert file["velocity"].chunks == (1, 12, 33, 12, 3)
        assert [dim.label for dim in file["velocity"].dims] == list(AXES)
    check_xdmf(Path(h5))
    check_spectra(stats, check_profiles(stats, first))
    check_series(stats, first)
    with xr.open_dataset(HELD_OUT, engine="h5netcdf") as reference:
        check_lead_time(stats, "rollout", first, reference)
        check_lead_time(compared, "rollout", first, reference)
    for group in ("rollout", "held-out"):
        for inner in ("", "/streamwise", "/spanwise", "/history", "/slices"):
            assert open_group(compared, group + inner).sizes
    for picture in pictures:
        assert Path(picture).read_bytes().startswith(b"\x89PNG\r\n\x1a\n"), picture


if __name__ == "__main__":
    main(*sys.argv[1:])
    print("outputs are as they should be")

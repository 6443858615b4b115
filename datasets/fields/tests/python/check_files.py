"""Checks what the crate wrote, as its users will open it: python check_files.py FOLDER."""

import sys
import warnings
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import xarray as xr
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline
from vtkmodules.vtkIOXdmf2 import vtkXdmfReader

warnings.simplefilter("error")
warnings.filterwarnings("ignore", message="numpy.ndarray size changed")
folder = Path(sys.argv[1])
AXES = ("time", "x", "y", "z", "component")


def expected(trajectories, count):
    points = 4 * 3 * 2 * 3
    i = np.arange(points, dtype="f4")
    n = np.arange(count, dtype="f4")[:, None] * 100
    t = np.arange(trajectories, dtype="f4")[:, None, None] * 1000
    return (t + n + i).reshape(trajectories, count, 4, 3, 2, 3)


def check_values(dims, values, where):
    want = expected(values.shape[0] if len(dims) == 6 else 1, 5)
    assert np.array_equal(values, want if len(dims) == 6 else want[0]), where


def check_xarray(path, engine):
    with xr.open_dataset(path, engine=engine) as data:
        dims = data["velocity"].dims
        assert dims[-5:] == AXES, (path, engine, dims)
        assert len(dims) == 5 or dims[0] == "trajectory"
        check_values(dims, data["velocity"].values, (path, engine))
        assert np.array_equal(data["x"], np.arange(4) * 0.5) and data["x"].dims == ("x",)
        assert np.allclose(data["time"], np.arange(5) * 0.25 + (0.01 * (data.sizes.get("trajectory", 1) - 1)))
        assert [str(c) for c in data["component"].values] == ["u", "v", "w"]
        assert data.attrs["Re_tau"] == 180.0 and data.attrs["model"] == "ifactformer"
        assert data.attrs["rheome_field_version"] == 1 and data["velocity"].attrs["units"] == "u_tau"
        if "trajectory" in dims:
            assert data["viscosity"].dims == ("trajectory",) and (data["viscosity"] == 0.5).all()
        assert float(data["velocity"].sel(component="v").isel(time=1, x=0, y=0, z=0).values.flat[0]) == 101.0


def check_saved_again(path):
    for engine in ("netcdf4", "h5netcdf"):
        with xr.open_dataset(path, engine=engine) as data:
            data.to_netcdf(path.parent / f"again_{engine}.nc", engine=engine)


def check_h5py(path):
    with h5py.File(path) as file:
        velocity = file["velocity"]
        labels = [d.label for d in velocity.dims]
        assert tuple(labels[-5:]) == AXES, labels
        assert velocity.chunks == (1,) * (velocity.ndim - 4) + (4, 3, 2, 3)
        for axis, label in enumerate(labels):
            assert velocity.dims[axis][0] == file[label] and len(velocity.dims[axis].keys()) == 1
        check_values(labels, velocity[...], path)
        assert file["component"].asstr()[...].tolist() == ["u", "v", "w"]


def check_netcdf(path):
    with netCDF4.Dataset(path) as file:
        velocity = file["velocity"]
        assert velocity.dimensions[-5:] == AXES and file.data_model == "NETCDF4"
        check_values(velocity.dimensions, np.asarray(velocity[:]), path)
        order = [n for n in file.dimensions]
        assert order == list(velocity.dimensions), order
        assert file["time"].units == "h/u_tau"
        assert sorted(velocity.ncattrs()) == ["DIMENSION_LABELS", "units"]


def check_xdmf(path):
    """As ParaView sees it: by the reader that it has for these files."""
    reader = vtkXdmfReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    times = reader.GetOutputInformation(0).Get(vtkStreamingDemandDrivenPipeline.TIME_STEPS())
    trajectories = reader.GetNumberOfGrids() // 5
    values = expected(trajectories, 5)
    assert len(times) >= 5 and reader.GetNumberOfGrids() == 5 * trajectories
    for snapshot in range(5):
        for trajectory in range(trajectories):
            time = 0.25 * snapshot + 0.01 * trajectory
            assert np.isclose(times, time).any(), (times, time)
            reader.UpdateTimeStep(time)
            data = reader.GetOutputDataObject(0)
            grid = data if trajectories == 1 else data.GetBlock(trajectory)
            shown = vtk_to_numpy(grid.GetPointData().GetArray("velocity")).reshape(4, 3, 2, 3)
            assert np.array_equal(shown, values[trajectory, snapshot]), (path, trajectory, snapshot)
            points = vtk_to_numpy(grid.GetPoints().GetData()).reshape(4, 3, 2, 3)
            assert points[3, 2, 1].tolist() == [1.5, 1.0, 0.5] and points[1, 0, 0].tolist() == [0.5, 0, 0]


written = sorted(p for p in folder.iterdir() if p.stem.startswith("written"))
assert len(written) == 14, written
for path in written:
    if path.suffix == ".npy":
        values = np.load(path)
        check_values("dims6."[: values.ndim], values, path)
    elif path.suffix == ".xdmf":
        check_xdmf(path)
    else:
        for engine in ("netcdf4", "h5netcdf"):
            check_xarray(path, engine)
        check_saved_again(path)
        check_h5py(path)
        check_netcdf(path)
print(f"{len(written)} files as expected")

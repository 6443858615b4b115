//! Everything that only libtorch needs. burn-tch ends with burn 0.22: nothing outside this module may depend on tch.
#![allow(
    deprecated,
    reason = "burn marks its libtorch constructors as deprecated; this module is their one user"
)]
#![allow(
    unsafe_code,
    reason = "loading the CUDA part of libtorch at run time, asking the loaded library which one it is; the numbers of its tensors as \
              slices"
)]

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use burn::backend::tensor::FloatTensor;
use burn::backend::{LibTorch, LibTorchDevice};
use burn::tensor::{Device, Shape};

use crate::attention::{self, AttentionOps};
use crate::fused::HostMemory;
use crate::fused::factorized::{FactorizedOps, Operation};
use crate::fused::feed_forward::{self, FeedForwardOps};
use crate::fused::heads::{self, HeadOps};
use crate::fused::layer_norm::{self, LayerNormOps};
use crate::fused::residual::{self, ResidualOps};
use crate::gelu::GeluOps;

/// The version of libtorch that this program is built for.
pub const VERSION: &str = "2.11";

/// Names a PyTorch installation (its `torch` folder or that folder's `lib`) whose CUDA part is to be used.
pub const TORCH_FOLDER: &str = "RHEOME_TORCH";

impl AttentionOps for LibTorch {
    fn map_free_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        // libtorch's own fused attention, which keeps no map either.
        attention::by_backend::<Self>([query, key, value])
    }

    fn map_free_attention_backward(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        output: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        attention::backward::<Self>([query, key, value], output)
    }
}

impl GeluOps for LibTorch {
    fn gelu_tanh(input: FloatTensor<Self>) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(input.tensor.gelu("tanh"))
    }

    fn gelu_tanh_backward(
        input: FloatTensor<Self>,
        output: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(input.tensor.gelu_backward(&output.tensor, "tanh"))
    }
}

impl FactorizedOps for LibTorch {
    fn mix_along_axes(
        kernels: FloatTensor<Self>,
        values: FloatTensor<Self>,
        map: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Operation::<Self>::new(kernels, values, map).forward().0
    }
}

impl HeadOps for LibTorch {
    fn linear_to_heads(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        heads::Operation::<Self>::new(input, weight, heads).forward()
    }
}

impl ResidualOps for LibTorch {
    fn add_gelu_linear(
        base: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        share: f64,
    ) -> FloatTensor<Self> {
        residual::Operation::<Self>::new(hidden, weight, share).forward(base)
    }
}

impl LayerNormOps for LibTorch {
    fn layer_norm_of_points(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        layer_norm::Operation::<Self>::new(input, gamma, epsilon).forward(beta)
    }
}

impl FeedForwardOps for LibTorch {
    fn feed_forward(
        input: FloatTensor<Self>,
        expand: FloatTensor<Self>,
        expand_bias: FloatTensor<Self>,
        contract: FloatTensor<Self>,
        contract_bias: FloatTensor<Self>,
        tanh: bool,
    ) -> FloatTensor<Self> {
        let tensors = [input, expand, expand_bias, contract, contract_bias];
        feed_forward::Operation::<Self>::new(tensors, tanh).forward()
    }
}

impl HostMemory for LibTorch {
    fn is_host(tensor: &FloatTensor<Self>) -> bool {
        let tensor = &tensor.tensor;
        tensor.device() == tch::Device::Cpu && tensor.kind() == tch::Kind::Float
    }

    fn contiguous(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
        if tensor.tensor.is_contiguous() {
            tensor
        } else {
            FloatTensor::<Self>::new(tensor.tensor.contiguous())
        }
    }

    fn numbers(tensor: &FloatTensor<Self>) -> &[f32] {
        let tensor = &tensor.tensor;
        check_host(tensor);
        if tensor.numel() == 0 {
            // libtorch has no address for an empty tensor.
            return &[];
        }
        // SAFETY: a contiguous tensor of this kind in the memory of the CPU holds this many floats, and lives as long as the slice.
        unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
    }

    fn create<const N: usize>(
        shapes: [Shape; N],
        fill: impl FnOnce([&mut [f32]; N]),
    ) -> [FloatTensor<Self>; N] {
        let mut tensors = shapes.map(|shape| {
            let sizes: Vec<i64> = shape.iter().map(|size| *size as i64).collect();
            tch::Tensor::empty(sizes, (tch::Kind::Float, tch::Device::Cpu))
        });
        fill(tensors.each_mut().map(|tensor| {
            if tensor.numel() == 0 {
                return &mut [][..];
            }
            // SAFETY: as in `numbers`; the tensor is new, so that nothing else reaches its numbers. Memory that comes from
            // libtorch counts as initialised, and any bits are a float.
            unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) }
        }));
        tensors.map(FloatTensor::<Self>::new)
    }
}

/// # Panics
/// If the numbers of a tensor are not floats in the memory of the CPU, one behind the other.
fn check_host(tensor: &tch::Tensor) {
    let found = (tensor.device(), tensor.kind(), tensor.is_contiguous());
    let expected = (tch::Device::Cpu, tch::Kind::Float, true);
    assert!(
        found == expected,
        "a fused kernel was given a tensor with {found:?}"
    );
}

/// Whether a device is the CPU.
pub fn is_cpu(device: &LibTorchDevice) -> bool {
    *device == LibTorchDevice::Cpu
}

/// libtorch on the CPU.
pub fn cpu() -> Device {
    Device::libtorch()
}

/// The CUDA device `index`, loading libtorch's CUDA part on first use.
///
/// # Errors
/// Why it is not there, in words.
pub fn cuda(index: usize) -> Result<Device, String> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED.get_or_init(load_cuda).clone()?;
    let count = usize::try_from(tch::Cuda::device_count()).unwrap_or(0);
    if count == 0 {
        return Err(
            "libtorch's CUDA part is loaded, but it finds no GPU (is the NVIDIA driver installed?)"
                .into(),
        );
    }
    if index >= count {
        return Err(format!("found {count} CUDA device(s), numbered from 0"));
    }
    Ok(Device::libtorch_cuda(index))
}

/// Sets the number of threads of libtorch's operations.
pub fn set_threads(threads: usize) {
    tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
}

/// The libtorch that this process runs with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Its version, e.g. `2.11.0`, if it tells.
    pub version: Option<String>,
    /// Its file, if the system tells.
    pub file: Option<PathBuf>,
}

/// Which libtorch the dynamic linker found.
pub fn loaded() -> Loaded {
    use libloading::os::unix::Library;
    type AbiVersion = unsafe extern "C" fn() -> u64;
    let process = Library::this();
    // SAFETY: libtorch declares the function as `uint64_t aoti_torch_abi_version()`, in aoti_torch/c/shim.h.
    let Ok(abi_version) = (unsafe { process.get::<AbiVersion>(b"aoti_torch_abi_version\0") })
    else {
        return Loaded::default();
    };
    // SAFETY: as above; it returns a constant.
    let [major, minor, patch, ..] = unsafe { abi_version() }.to_be_bytes();
    Loaded {
        version: Some(format!("{major}.{minor}.{patch}")),
        file: file_of(*abi_version as *const libc::c_void),
    }
}

/// The shared library that an address lies in.
fn file_of(address: *const libc::c_void) -> Option<PathBuf> {
    let mut found = std::mem::MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: dladdr only looks the address up, and fills the structure if it says that it found it (not 0); the name is
    // then null or a text of the linker's that lasts as long as the library is loaded, which libtorch is for good.
    let name = unsafe {
        if libc::dladdr(address, found.as_mut_ptr()) == 0 {
            return None;
        }
        let name = found.assume_init().dli_fname;
        if name.is_null() {
            return None;
        }
        CStr::from_ptr(name)
    };
    let file = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    Some(file.canonicalize().unwrap_or(file))
}

/// libtorch asks once whether there is CUDA and remembers the answer, so its CUDA part must be loaded before that.
fn load_cuda() -> Result<(), String> {
    const NAME: &str = "libtorch_cuda.so";
    let mut places = vec![PathBuf::from(NAME)];
    if let Some(folder) = std::env::var_os(TORCH_FOLDER).map(PathBuf::from) {
        places = vec![folder.join("lib").join(NAME), folder.join(NAME)];
    }
    let mut last = String::new();
    for place in &places {
        use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
        // SAFETY: the library's initialisers only register its kernels with libtorch_cpu, which is loaded; it is never
        // unloaded, since the handle is forgotten.
        match unsafe { Library::open(Some(place), RTLD_NOW | RTLD_GLOBAL) } {
            Ok(library) => {
                std::mem::forget(library);
                return Ok(());
            }
            Err(error) => last = error.to_string(),
        }
    }
    Err(format!(
        "cannot load libtorch's CUDA part ({last}); set {TORCH_FOLDER} to the `torch` folder of a PyTorch {VERSION} with CUDA, \
         and LD_LIBRARY_PATH to its `lib`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaded_library_is_the_one_this_is_built_for() {
        let found = loaded();
        let version = found.version.unwrap();
        assert!(version.starts_with(&format!("{VERSION}.")), "{version}");
        let file = found.file.unwrap();
        assert!(file.is_file(), "{}", file.display());
    }
}

//! The case that everyone computes: configuration, weights, input and target, as files that PyTorch reads too.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use rheome_backend::weights::StateDict;
use rheome_flow::ifactformer::config::IFactFormerConfig;
use rheome_flow::{FlowModel, FlowModelConfig, GridFeatures};

const SEED: u64 = 1234;

/// Queries and keys start so small that the kernels hardly act; a comparison has to see them.
const KERNEL_STRENGTH: f32 = 20.0;

/// A case in a directory: `case.json`, `weights.safetensors` and `io.safetensors`.
pub struct Case {
    /// The directory.
    pub directory: PathBuf,
    config: FlowModelConfig,
    io: StateDict,
    /// Whether the directory goes with this value.
    temporary: bool,
}

impl Case {
    /// A new case in a temporary directory: the published model on the published grid, or a tiny one.
    pub fn draw(small: bool) -> Result<Self, Box<dyn Error>> {
        let config = FlowModelConfig::IFactFormerM(if small {
            IFactFormerConfig {
                grid: vec![8, 9, 4],
                dim: 24,
                heads: 2,
                dim_head: 8,
                iterations: 3,
                ..Default::default()
            }
        } else {
            IFactFormerConfig::default()
        });
        let directory =
            std::env::temp_dir().join(format!("rheome-bench-step-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        let case = Self {
            io: draw_io(&config),
            config,
            directory,
            temporary: true,
        };
        fs::write(
            case.file("case.json"),
            serde_json::to_string_pretty(&case.config)?,
        )?;
        case.io.write(&case.file("io.safetensors"))?;
        case.write_weights()?;
        Ok(case)
    }

    /// The case in `directory`.
    pub fn open(directory: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            config: serde_json::from_str(&fs::read_to_string(directory.join("case.json"))?)?,
            io: StateDict::read(&directory.join("io.safetensors"))?,
            directory: directory.to_owned(),
            temporary: false,
        })
    }

    fn write_weights(&self) -> Result<(), Box<dyn Error>> {
        let file = self.file("weights.safetensors");
        FlowModel::init(&self.config, SEED, &Device::flex())?.save(&file, &[])?;
        let mut weights = StateDict::read(&file)?;
        for (name, data) in &mut weights.tensors {
            if name.ends_with("to_q.weight") || name.ends_with("to_k.weight") {
                let numbers: Vec<f32> = data.iter::<f32>().map(|x| KERNEL_STRENGTH * x).collect();
                *data = TensorData::new(numbers, data.shape().clone());
            }
        }
        Ok(weights.write(&file)?)
    }

    /// A file of the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The model on `device` and what it derives from the grid.
    pub fn model(&self, device: &Device) -> Result<(FlowModel, GridFeatures), Box<dyn Error>> {
        let model =
            FlowModel::init(&self.config, SEED, device)?.load(&self.file("weights.safetensors"))?;
        let features = model.prepare(&self.config.grid());
        Ok((model, features))
    }

    /// The tensor `name` of the case on `device`.
    pub fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        Tensor::from_data(self.io.tensors[name].clone(), device)
    }

    /// The size of the case in one line.
    pub fn describe(&self) -> String {
        let size = match &self.config {
            FlowModelConfig::IFactFormerM(c) | FlowModelConfig::IFactFormerO(c) => format!(
                "dim {}, {} heads of {}, {} iterations",
                c.dim, c.heads, c.dim_head, c.iterations
            ),
            FlowModelConfig::Fno(c) | FlowModelConfig::Ifno(c) => {
                format!("dim {}, modes {:?}, {} layers", c.dim, c.modes, c.layers)
            }
        };
        format!(
            "{}, grid {:?}, {size}, batch 1, 32-bit floats",
            self.config.kind(),
            self.config.grid().shape(),
        )
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed is left to the system's own cleaning.
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// Input and target, both standard normal, and the coordinates of the axes as `[n, 1]`.
fn draw_io(config: &FlowModelConfig) -> StateDict {
    let device = Device::flex();
    device.seed(SEED);
    let grid = config.grid();
    let [nx, ny, nz] = grid.shape();
    let channels = config.channels();
    let normal = Distribution::Normal(0.0, 1.0);
    let input = Tensor::<6>::random(
        [1, config.time_window(), nx, ny, nz, channels],
        normal,
        &device,
    );
    let target = Tensor::<5>::random([1, nx, ny, nz, channels], normal, &device);
    let mut io = StateDict::default();
    io.tensors.insert("input".into(), input.into_data());
    io.tensors.insert("target".into(), target.into_data());
    for (axis, positions) in ["x", "y", "z"].into_iter().zip(grid.positions()) {
        let data = TensorData::new(positions.to_vec(), [positions.len(), 1]);
        io.tensors.insert(format!("pos_{axis}"), data);
    }
    io
}

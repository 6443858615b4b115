//! The spectral convolution against a plain discrete Fourier transform, and what a convolution has to obey.

use burn::module::Param;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use rheome_backend::device::cpu_backends;
use rheome_layers::initialization::Initialization;
use rheome_layers::spectral::transform::TruncatedTransform;
use rheome_layers::spectral::{SpectralConvolution, SpectralConvolutionConfig};

const INPUTS: usize = 2;
const OUTPUTS: usize = 3;
const BATCH: usize = 2;

/// Three dimensions, odd and even numbers of points, every mode that there is along x (even) and z; and two dimensions.
const CASES: [([usize; 3], &[usize]); 4] = [
    ([6, 7, 4], &[4, 2, 2]),
    ([5, 4, 3], &[2, 2, 1]),
    ([7, 6, 1], &[3, 3]),
    ([6, 9, 1], &[2, 4]),
];

#[derive(Debug, Clone, Copy, PartialEq)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    const ZERO: Self = Self { re: 0.0, im: 0.0 };

    fn turn(turns: f64) -> Self {
        let (im, re) = (std::f64::consts::TAU * turns).sin_cos();
        Self { re, im }
    }

    fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    fn scaled(self, factor: f64) -> Self {
        Self {
            re: self.re * factor,
            im: self.im * factor,
        }
    }

    fn conjugate(self) -> Self {
        Self {
            im: -self.im,
            ..self
        }
    }
}

fn layer(modes: &[usize], device: &Device) -> SpectralConvolution {
    let mut start = Initialization::new(11, device);
    SpectralConvolutionConfig::new(INPUTS, OUTPUTS, modes.to_vec()).init(&mut start)
}

fn transform(grid: [usize; 3], modes: &[usize], device: &Device) -> TruncatedTransform {
    TruncatedTransform::new(grid, modes, device)
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    // Drawn on one backend, so that all see the same numbers.
    let flex = Device::flex();
    flex.seed(5);
    let drawn = Tensor::<D>::random(shape, Distribution::Normal(0.0, 1.0), &flex);
    Tensor::from_data(drawn.into_data(), device)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// `f(index)` for every index triple of a grid.
fn indices(grid: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let [nx, ny, nz] = grid;
    (0..nx).flat_map(move |i| (0..ny).flat_map(move |j| (0..nz).map(move |k| [i, j, k])))
}

fn flat([i, j, k]: [usize; 3], [_, ny, nz]: [usize; 3]) -> usize {
    (i * ny + j) * nz + k
}

fn turns(mode: [usize; 3], point: [usize; 3], grid: [usize; 3]) -> f64 {
    (0..3)
        .map(|a| (mode[a] * point[a] % grid[a]) as f64 / grid[a] as f64)
        .sum()
}

/// Where the weight of a mode of the full transform lies, if it has one. Along x only the lower half has.
fn slot(mode: [usize; 3], grid: [usize; 3], modes: &[usize]) -> Option<[usize; 3]> {
    let mut slot = [0; 3];
    for (axis, m) in modes.iter().enumerate() {
        let (k, n) = (mode[axis], grid[axis]);
        slot[axis] = match k {
            _ if k < *m && (axis > 0 || 2 * k <= n) => k,
            _ if axis > 0 && k >= n - m => 2 * m - (n - k),
            _ => return None,
        };
    }
    Some(slot)
}

/// The definition in double precision: every mode of the full transform, one by one. The result is real because each
/// mode's conjugate partner is set, not because half of the modes is left out.
fn by_definition(field: &[f64], weight: &[f64], grid: [usize; 3], modes: &[usize]) -> Vec<f64> {
    let points: usize = grid.iter().product();
    let counts = [0, 1, 2].map(|a| modes.get(a).map_or(1, |m| if a == 0 { *m } else { 2 * m }));
    let all: Vec<[usize; 3]> = indices(grid).collect();
    let mut out = vec![0.0; BATCH * points * OUTPUTS];
    for b in 0..BATCH {
        let at = |p: usize, c: usize| field[(b * points + p) * INPUTS + c];
        let spectrum = |mode: [usize; 3], c: usize| {
            let terms = all.iter().enumerate();
            let sum = terms.fold(Complex::ZERO, |sum, (p, point)| {
                sum.plus(Complex::turn(-turns(mode, *point, grid)).scaled(at(p, c)))
            });
            sum.scaled(1.0 / points as f64)
        };
        let weight_at = |slot: [usize; 3], c: usize, o: usize| {
            let row = flat(slot, counts) * INPUTS + c;
            let part = |part: usize| weight[(row * 2 + part) * OUTPUTS + o];
            Complex {
                re: part(0),
                im: part(1),
            }
        };
        for o in 0..OUTPUTS {
            let half: Vec<Option<Complex>> = all
                .iter()
                .map(|mode| {
                    let slot = slot(*mode, grid, modes)?;
                    let terms =
                        (0..INPUTS).map(|c| spectrum(*mode, c).times(weight_at(slot, c, o)));
                    Some(terms.fold(Complex::ZERO, Complex::plus))
                })
                .collect();
            let full = hermitian(&half, &all, grid);
            for (p, point) in all.iter().enumerate() {
                let terms = all.iter().zip(&full);
                let sum = terms.fold(Complex::ZERO, |sum, (mode, value)| {
                    sum.plus(value.times(Complex::turn(turns(*mode, *point, grid))))
                });
                assert!(sum.im.abs() < 1e-12, "{}", sum.im);
                out[(b * points + p) * OUTPUTS + o] = sum.re;
            }
        }
    }
    out
}

/// A conjugate-symmetric spectrum of the half that is known: partners are set where they are unknown; where both are known
/// (kx = 0 and the highest kx), what is not symmetric has no part in a real field.
fn hermitian(half: &[Option<Complex>], all: &[[usize; 3]], grid: [usize; 3]) -> Vec<Complex> {
    let value = |at: usize| half[at].unwrap_or(Complex::ZERO);
    let pair = |mode: &[usize; 3]| flat([0, 1, 2].map(|a| (grid[a] - mode[a]) % grid[a]), grid);
    all.iter()
        .enumerate()
        .map(|(at, mode)| {
            let partner = value(pair(mode)).conjugate();
            let self_conjugate_plane = 2 * mode[0] % grid[0] == 0;
            match self_conjugate_plane {
                true => value(at).plus(partner).scaled(0.5),
                false if 2 * mode[0] < grid[0] => value(at),
                false => partner,
            }
        })
        .collect()
}

#[test]
fn the_layer_is_its_definition() {
    for backend in cpu_backends() {
        let device = &backend.device;
        for (grid, modes) in CASES {
            let layer = layer(modes, device);
            let [nx, ny, nz] = grid;
            let field = random([BATCH, nx, ny, nz, INPUTS], device);
            let found = layer.forward(field.clone(), &transform(grid, modes, device));
            assert_eq!(found.dims(), [BATCH, nx, ny, nz, OUTPUTS]);
            let expected =
                by_definition(&numbers(field), &numbers(layer.weight.val()), grid, modes);
            let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            for (a, b) in numbers(found).iter().zip(&expected) {
                let difference = (a - b).abs() / largest;
                assert!(difference < 2e-6, "{} {grid:?}: {a} {b}", backend.choice);
            }
        }
    }
}

/// The layer with every weight 1 is the identity on fields of its modes, and removes all others.
#[test]
fn unit_weights_keep_the_modes_and_nothing_else() {
    let device = &Device::flex();
    let (grid, modes) = ([8, 9, 6], &[3, 2, 2]);
    let mut unit = vec![0.0_f32; 3 * 4 * 4 * 2];
    unit.iter_mut().step_by(2).for_each(|re| *re = 1.0);
    let layer = SpectralConvolution {
        weight: Param::from_data(TensorData::new(unit, [3, 4, 4, 1, 2, 1]), device),
    };
    let wave = |mode: [usize; 3]| -> Vec<f64> {
        indices(grid)
            .map(|point| Complex::turn(turns(mode, point, grid) + 0.1).re)
            .collect()
    };
    let filtered = |field: Vec<f64>| {
        let field = field.iter().map(|x| *x as f32).collect();
        let field = Tensor::from_data(TensorData::new::<f32, _>(field, [1, 8, 9, 6, 1]), device);
        numbers(layer.forward(field, &transform(grid, modes, device)))
    };
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
    for kept in [[0, 0, 0], [2, 1, 1], [1, 8, 5], [6, 1, 1]] {
        assert!(close(&filtered(wave(kept)), &wave(kept)), "{kept:?}");
    }
    let nothing = vec![0.0; 8 * 9 * 6];
    for removed in [[3, 0, 0], [0, 3, 0], [1, 1, 3], [4, 4, 1]] {
        assert!(close(&filtered(wave(removed)), &nothing), "{removed:?}");
    }
}

/// The same function on a grid twice as fine has the same convolution: the weights belong to modes, not to points.
#[test]
fn a_finer_grid_changes_nothing() {
    let modes = &[3, 2, 2];
    for backend in cpu_backends() {
        let device = &backend.device;
        let layer = layer(modes, device);
        let on = |[nx, ny, nz]: [usize; 3]| {
            let sample = |point: [usize; 3], c: usize| {
                let [x, y, z] = [0, 1, 2]
                    .map(|a| std::f64::consts::TAU * point[a] as f64 / [nx, ny, nz][a] as f64);
                ((x + c as f64).sin() * (2.0 * y).cos() + (z - y).sin() + 0.3) as f32
            };
            let values: Vec<f32> = indices([nx, ny, nz])
                .flat_map(|point| (0..INPUTS).map(move |c| sample(point, c)))
                .collect();
            let field = TensorData::new(values, [1, nx, ny, nz, INPUTS]);
            let transform = transform([nx, ny, nz], modes, device);
            numbers(layer.forward(Tensor::from_data(field, device), &transform))
        };
        let (coarse, fine) = (on([8, 6, 5]), on([16, 12, 10]));
        for point in indices([8, 6, 5]) {
            let twice = point.map(|i| 2 * i);
            for o in 0..OUTPUTS {
                let a = coarse[flat(point, [8, 6, 5]) * OUTPUTS + o];
                let b = fine[flat(twice, [16, 12, 10]) * OUTPUTS + o];
                assert!((a - b).abs() < 1e-6, "{}: {a} {b}", backend.choice);
            }
        }
    }
}

/// On a grid too coarse for its modes the layer does what it does with the higher ones switched off.
#[test]
fn modes_that_a_grid_does_not_hold_are_absent() {
    let device = &Device::flex();
    let (grid, modes) = ([6, 5, 4], &[5, 4, 3]);
    let full = layer(modes, device);
    let field = random([1, 6, 5, 4, INPUTS], device);
    let found = full.forward(field.clone(), &transform(grid, modes, device));
    // 0 ... 3 along x; 0, 1, -2, -1 along y (of 8) and z (of 6).
    let weight = full.weight.val().narrow(0, 0, 4);
    let ends = |t: Tensor<6>, axis: usize, n: usize| {
        let low = t.clone().narrow(axis, 0, 2);
        Tensor::cat(vec![low, t.narrow(axis, n - 2, 2)], axis)
    };
    let cut = SpectralConvolution {
        weight: Param::from_tensor(ends(ends(weight, 1, 8), 2, 6)),
    };
    let expected = cut.forward(field, &transform(grid, &[4, 2, 2], device));
    let difference = (found - expected).abs().max().into_scalar::<f32>();
    assert!(difference < 1e-6, "{difference}");
}

#[test]
fn a_shifted_field_has_a_shifted_convolution() {
    for backend in cpu_backends() {
        let device = &backend.device;
        let (grid, modes) = ([6, 7, 4], &[4, 2, 2]);
        let (layer, transform) = (layer(modes, device), transform(grid, modes, device));
        let field = random([BATCH, 6, 7, 4, INPUTS], device);
        let shift = |t: Tensor<5>| t.roll(&[2, 3, 1], &[1, 2, 3]);
        let after = shift(layer.forward(field.clone(), &transform));
        let before = layer.forward(shift(field), &transform);
        let difference = (after - before).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-6, "{}: {difference}", backend.choice);
    }
}

/// Input and weights enter linearly: central differences of any width are exact but for rounding.
#[test]
fn gradients_are_central_differences() {
    const STEP: f32 = 0.5;
    for backend in cpu_backends() {
        let (grid, modes) = ([6, 5, 4], &[3_usize, 2, 2][..]);
        let plain = &backend.device;
        let device = &plain.clone().autodiff();
        let layer = layer(modes, device);
        let direction = random([BATCH, 6, 5, 4, OUTPUTS], plain);
        let field = random([BATCH, 6, 5, 4, INPUTS], device).require_grad();
        let out = layer.forward(field.clone(), &transform(grid, modes, device));
        let weights = Tensor::from_data(direction.clone().into_data(), device);
        let gradients = (out * weights).sum().backward();
        let field_gradient = numbers(field.grad(&gradients).unwrap());
        let weight_gradient = numbers(layer.weight.grad(&gradients).unwrap());

        let plain_transform = transform(grid, modes, plain);
        let objective = |weight: Vec<f32>, field: Vec<f32>| -> f64 {
            let weight = TensorData::new(weight, layer.weight.dims());
            let field = TensorData::new(field, [BATCH, 6, 5, 4, INPUTS]);
            let layer = SpectralConvolution {
                weight: Param::from_data(weight, plain),
            };
            let out = layer.forward(Tensor::from_data(field, plain), &plain_transform);
            let pairs = numbers(out).into_iter().zip(numbers(direction.clone()));
            pairs.map(|(a, b)| a * b).sum()
        };
        let values = |t: TensorData| -> Vec<f32> { t.iter::<f32>().collect() };
        let weight = values(layer.weight.val().into_data());
        let field = values(field.into_data());
        let moved = |of: &[f32], at: usize, by: f32| {
            let mut moved = of.to_vec();
            moved[at] += by;
            moved
        };
        let check = |found: &[f64], at: usize, up: f64, down: f64| {
            let expected = (up - down) / f64::from(2.0 * STEP);
            let scale = found.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            let difference = (found[at] - expected).abs() / scale;
            assert!(difference < 1e-4, "{}: {at}: {difference}", backend.choice);
        };
        for at in (0..weight.len()).step_by(7) {
            let [up, down] = [STEP, -STEP].map(|h| objective(moved(&weight, at, h), field.clone()));
            check(&weight_gradient, at, up, down);
        }
        for at in (0..field.len()).step_by(5) {
            let [up, down] = [STEP, -STEP].map(|h| objective(weight.clone(), moved(&field, at, h)));
            check(&field_gradient, at, up, down);
        }
    }
}

#[test]
fn weights_start_uniform_and_positive() {
    let layer = layer(&[8, 4, 4], &Device::flex());
    assert_eq!(layer.weight.dims(), [8, 8, 8, INPUTS, 2, OUTPUTS]);
    let bound = 1.0 / (INPUTS * OUTPUTS) as f64;
    let drawn = numbers(layer.weight.val());
    assert!(drawn.iter().all(|w| (0.0..=bound).contains(w)));
    let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
    assert!((mean - bound / 2.0).abs() < 0.02 * bound, "{mean}");
}

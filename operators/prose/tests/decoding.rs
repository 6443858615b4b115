//! Decoding with networks of random weights: kept keys and values, beams, grammar, padding, gradients.

use burn::tensor::{Device, Tensor};
use proptest::prelude::*;
use rheome_prose::decoding::{Decoded, Decoding, DecodingSettings, Method};
use rheome_prose::{Fused, Modalities, Prose, ProseConfig, Series, Symbols, Trajectory};

fn model(seed: u64, device: &Device) -> Prose {
    let config = ProseConfig {
        width: 16,
        heads: 2,
        data_encoder: 1,
        text_encoder: 1,
        fusion: 1,
        data_decoder: 1,
        text_decoder: 2,
        ..ProseConfig::default()
    };
    Prose::init(&config, seed, device).unwrap()
}

/// Two series and equations of different lengths, or one of them.
fn encode(model: &Prose, members: &[usize]) -> Fused {
    let device = model.device();
    let times = [0.0, 0.5, 1.0];
    let states = [0.3, -1.0, 0.2, 0.9, 0.4, 0.1];
    let all = [(2, &states[..4]), (3, &states[..])];
    let series: Vec<Trajectory> = members
        .iter()
        .map(|member| Trajectory {
            times: &times[..all[*member].0],
            states: all[*member].1,
            components: 2,
        })
        .collect();
    let skeletons = [vec![30, 48, 41, 44, 42], vec![41, 44, 42]];
    let skeletons: Vec<Vec<u32>> = members.iter().map(|m| skeletons[*m].clone()).collect();
    let series = Series::new(&series, 3, &device).unwrap();
    let symbols = Symbols::new(&skeletons, 1072, 47, &device).unwrap();
    model.encode(&series, Some(&symbols)).unwrap()
}

fn decode(model: &Prose, fused: &Fused, method: Method, grammatical: bool) -> Vec<Vec<Decoded>> {
    let settings = DecodingSettings {
        max_words: 20,
        method,
        grammatical,
    };
    let decoding = Decoding::new(&settings, model.config().words().unwrap()).unwrap();
    decoding.run(model, fused, &[]).unwrap()
}

fn beam(width: usize) -> Method {
    Method::Beam {
        width,
        length_penalty: 0.0,
    }
}

fn largest_difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    (a - b).abs().max().into_scalar()
}

#[test]
fn kept_keys_and_values_give_what_the_whole_prefix_gives() {
    let model = model(1, &Device::flex());
    let fused = encode(&model, &[0, 1]);
    let device = model.device();
    let ids = vec![vec![45, 30, 41, 42, 44, 41], vec![45, 41, 44, 49, 300, 60]];
    let ids = Symbols::new(&ids, 1072, 47, &device).unwrap().ids;
    let whole = model.word_scores(&fused, ids.clone()).unwrap();
    let (decoder, mut cache) = model.begin_words(&fused).unwrap();
    for place in 0..6 {
        let scores = decoder.step(ids.clone().narrow(1, place, 1), &mut cache);
        let expected = whole.clone().narrow(1, place, 1).squeeze_dim::<2>(1);
        assert!(largest_difference(scores, expected) < 1e-4);
    }
}

#[test]
fn a_beam_of_one_is_greedy_and_a_wider_one_is_no_worse() {
    for seed in 0..4 {
        let model = model(seed, &Device::flex());
        let fused = encode(&model, &[0, 1]);
        for grammatical in [false, true] {
            let greedy = decode(&model, &fused, Method::Greedy, grammatical);
            let narrow = decode(&model, &fused, beam(1), grammatical);
            let wide = decode(&model, &fused, beam(6), grammatical);
            for ((greedy, narrow), wide) in greedy.iter().zip(&narrow).zip(&wide) {
                assert_eq!(greedy[0].ids, narrow[0].ids);
                assert!(wide[0].score >= greedy[0].score - 1e-4);
                assert!(wide.windows(2).all(|pair| pair[0].score >= pair[1].score));
            }
        }
    }
}

#[test]
fn a_member_of_a_batch_is_answered_as_if_it_were_alone() {
    let model = model(2, &Device::flex());
    let both = encode(&model, &[0, 1]);
    let times = Tensor::<2>::from_data([[1.5, 2.0]], &model.device());
    let states = model.predict(&both, times.clone());
    let equations = decode(&model, &both, Method::Greedy, true);
    for (member, expected) in equations.iter().enumerate() {
        let alone = encode(&model, &[member]);
        let found = model.predict(&alone, times.clone());
        assert!(largest_difference(found, states.clone().narrow(0, member, 1)) < 1e-5);
        let equation = decode(&model, &alone, Method::Greedy, true);
        assert_eq!(equation[0][0].ids, expected[0].ids);
    }
}

#[test]
fn a_time_is_answered_whatever_other_times_are_asked_for() {
    let model = model(3, &Device::flex());
    let fused = encode(&model, &[1]);
    let at = |times: &[f32]| {
        let times = Tensor::<1>::from_data(times, &model.device()).unsqueeze::<2>();
        model.predict(&fused, times)
    };
    let alone = at(&[2.0]);
    assert!(largest_difference(alone, at(&[1.0, 2.0, 5.0]).narrow(1, 1, 1)) < 1e-6);
}

#[test]
fn the_other_modalities_refuse_what_they_lack() {
    let device = Device::flex();
    let config = ProseConfig {
        modalities: Modalities::OneToOne,
        ..model(0, &device).config().clone()
    };
    let model = Prose::init(&config, 0, &device).unwrap();
    let member = Trajectory {
        times: &[0.0],
        states: &[1.0],
        components: 1,
    };
    let series = Series::new(&[member], 3, &device).unwrap();
    let fused = model.encode(&series, None).unwrap();
    let times = Tensor::<2>::from_data([[1.0, 2.0]], &device);
    assert_eq!(model.predict(&fused, times).dims(), [1, 2, 3]);
    assert!(model.begin_words(&fused).is_err());
    let symbols = Symbols::new(&[vec![41]], 1072, 47, &device).unwrap();
    let message = model.encode(&series, Some(&symbols)).unwrap_err();
    assert!(message.to_string().contains("reads no symbols"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_grammatical_decoding_is_valid_whatever_the_weights(seed: u64, way in 0_usize..3) {
        let model = model(seed, &Device::flex());
        let fused = encode(&model, &[0, 1]);
        let sampling = Method::Sampling { temperature: 3.0, top_k: 0, top_p: 1.0, seed };
        let method = [Method::Greedy, sampling, beam(3)][way];
        let words = model.config().words().unwrap();
        for equation in decode(&model, &fused, method, true).iter().flatten() {
            prop_assert!(equation.ids.len() <= 18);
            let system = words.decode(&equation.ids);
            prop_assert!(system.is_ok_and(|system| system.check_closed().is_ok()));
        }
    }
}

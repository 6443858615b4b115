//! A channel in a few bytes, to continue bit for bit.
//!
//! Layout (little endian): the magic `rheome-channel-1\n`, the length of a JSON header (u64), the header (settings, time,
//! steps, dt, pressure gradient), the coefficients (f64), the CRC-32 of everything before (u32).

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::config::ChannelConfig;
use crate::error::ChannelError;

const MAGIC: &[u8] = b"rheome-channel-1\n";

#[derive(Serialize, Deserialize)]
struct Header {
    config: ChannelConfig,
    // Floats as bits: JSON text need not bring back the last one.
    time: u64,
    dt: u64,
    pressure_gradient: u64,
    steps: u64,
}

impl Channel {
    /// The flow as bytes for [`Channel::restore`].
    pub fn checkpoint(&self) -> Vec<u8> {
        let header = Header {
            config: self.config.clone(),
            time: self.time.to_bits(),
            dt: self.dt.to_bits(),
            pressure_gradient: self.implicit.pressure_gradient.to_bits(),
            steps: self.steps,
        };
        let mut bytes = MAGIC.to_vec();
        // Plain numbers and strings always serialise; an empty header would be refused on reading.
        let header = serde_json::to_vec(&header).unwrap_or_default();
        bytes.extend((header.len() as u64).to_le_bytes());
        bytes.extend(header);
        for field in self.fields() {
            bytes.extend(field.iter().flat_map(|v| v.to_le_bytes()));
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// The flow of `bytes`, which must be of the same settings as `config`.
    ///
    /// # Errors
    /// [`ChannelError::Checkpoint`] if the bytes are damaged or of another channel.
    pub fn restore(bytes: &[u8], config: &ChannelConfig) -> Result<Self, ChannelError> {
        let fail = |reason: &str| ChannelError::Checkpoint {
            reason: reason.into(),
        };
        let (content, sum) = bytes
            .split_last_chunk::<4>()
            .ok_or_else(|| fail("it is empty"))?;
        let rest = content
            .strip_prefix(MAGIC)
            .ok_or_else(|| fail("it does not begin as one"))?;
        if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
            return Err(fail(
                "its checksum does not match: it is damaged or cut short",
            ));
        }
        let (length, rest) = rest
            .split_first_chunk::<8>()
            .ok_or_else(|| fail("it has no header"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (header, values) = rest
            .split_at_checked(length)
            .ok_or_else(|| fail("its header is cut short"))?;
        let header: Header = serde_json::from_slice(header).map_err(|e| fail(&e.to_string()))?;
        if header.config != *config {
            return Err(fail("it was made with other [channel] settings"));
        }
        let mut channel = Self::at_rest(config)?;
        let expected: usize = channel.fields().iter().map(|f| f.len() * 8).sum();
        if values.len() != expected {
            return Err(fail(&format!(
                "found {} bytes of coefficients, expected {expected}",
                values.len()
            )));
        }
        let mut numbers = values
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes(b.try_into().unwrap_or_default()));
        let [mean_u, mean_w] = &mut channel.state.mean;
        for field in [
            &mut channel.state.v,
            &mut channel.state.laplacian,
            &mut channel.state.vorticity,
            mean_u,
            mean_w,
        ] {
            for (value, number) in field.iter_mut().zip(&mut numbers) {
                *value = number;
            }
        }
        channel.time = f64::from_bits(header.time);
        channel.dt = f64::from_bits(header.dt);
        channel.implicit.pressure_gradient = f64::from_bits(header.pressure_gradient);
        channel.steps = header.steps;
        Ok(channel)
    }

    fn fields(&self) -> [&[f64]; 5] {
        let s = &self.state;
        [&s.v, &s.laplacian, &s.vorticity, &s.mean[0], &s.mean[1]]
    }
}

//! The stream that every program of bench/peers sends and expects: one block, repeated for ever.

/// A prime, so that two segments or buffers never begin at the same place of the block.
const OCTETS: usize = 1_048_573;
/// The longest piece that `at` gives, octets.
pub const PIECE: usize = 256 * 1024;

pub struct Block(Vec<u8>);

impl Block {
    /// Octet i is the top octet of the state of xorshift32 after i + 1 steps.
    pub fn new() -> Block {
        let mut octets = Vec::with_capacity(OCTETS + PIECE);
        let mut x: u32 = 2_463_534_242;
        for _ in 0..OCTETS {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            octets.push((x >> 24) as u8);
        }
        octets.extend_from_within(..PIECE);
        Block(octets)
    }

    /// The next `length` octets, PIECE at most, of the stream from `position` on.
    pub fn at(&self, position: u64, length: usize) -> &[u8] {
        let start = (position % OCTETS as u64) as usize;
        &self.0[start..start + length]
    }

    /// Whether `data` is what the stream has from `position` on.
    pub fn matches(&self, data: &[u8], position: u64) -> bool {
        data.chunks(PIECE)
            .enumerate()
            .all(|(i, piece)| piece == self.at(position + (i * PIECE) as u64, piece.len()))
    }
}

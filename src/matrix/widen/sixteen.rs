//! Sixteen numbers at a time: as many as a register of AVX-512 holds, which has an instruction for
//! each of these. Where there is none, the plain loop says what it does.

use super::Sixteen;
use super::floats::f16_to_f32;
use pulp::Simd;

/// The processor's AVX-512, if this copy of the code is the one that is compiled for it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn avx512<S: Simd>(simd: S) -> Option<pulp::x86::V4> {
    (&simd as &dyn std::any::Any).downcast_ref().copied()
}

/// f16 numbers.
#[inline(always)]
pub(super) fn of_f16<S: Simd>(simd: S, bytes: [u8; 32]) -> Sixteen {
    #[cfg(target_arch = "x86_64")]
    if let Some(v4) = avx512(simd) {
        return pulp::cast(v4.avx512f._mm512_cvtph_ps(pulp::cast(bytes)));
    }
    let _ = simd;
    let mut out = [0.0; 16];
    for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
        *out = f16_to_f32(u16::from_le_bytes(*bytes));
    }
    out
}

/// What four bits can be.
#[cfg(target_arch = "x86_64")]
const NIBBLES: Sixteen = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];

/// q · d + m, where q are the four bits of each byte above the lowest `shift`.
///
/// There are only 16 such numbers: AVX-512 computes all, and looks each up by its q.
#[inline(always)]
pub(super) fn of_nibbles<S: Simd>(
    simd: S,
    bytes: [u8; 16],
    shift: usize,
    [d, m]: [f32; 2],
) -> Sixteen {
    #[cfg(target_arch = "x86_64")]
    if let Some(v4) = avx512(simd) {
        let (d, m) = (v4.splat_f32s(d), v4.splat_f32s(m));
        let all = v4.mul_add_f32s(pulp::cast(NIBBLES), d, m);
        return look_up(simd, pulp::cast(all), bytes, shift);
    }
    let _ = simd;
    let mut out = [0.0; 16];
    for (out, byte) in out.iter_mut().zip(bytes) {
        *out = (((byte >> shift) & 15) as f32).mul_add(d, m);
    }
    out
}

/// all[q], where q are the four bits of each byte above the lowest `shift`.
#[inline(always)]
pub(super) fn look_up<S: Simd>(simd: S, all: Sixteen, bytes: [u8; 16], shift: usize) -> Sixteen {
    #[cfg(target_arch = "x86_64")]
    if let Some(v4) = avx512(simd) {
        let q = pulp::cast(rotated(bytes, shift));
        return pulp::cast(v4.avx512f._mm512_permutexvar_ps(q, pulp::cast(all)));
    }
    let _ = simd;
    let mut out = [0.0; 16];
    for (out, byte) in out.iter_mut().zip(bytes) {
        *out = all[((byte >> shift) & 15) as usize];
    }
    out
}

/// The same with a fifth bit above the four: bit j of `fifth` for number j.
#[inline(always)]
pub(super) fn of_five_bits<S: Simd>(
    simd: S,
    bytes: [u8; 16],
    fifth: u16,
    shift: usize,
    [d, m]: [f32; 2],
) -> Sixteen {
    #[cfg(target_arch = "x86_64")]
    if let Some(v4) = avx512(simd) {
        let (d, m) = (v4.splat_f32s(d), v4.splat_f32s(m));
        let low = v4.mul_add_f32s(pulp::cast(NIBBLES), d, m);
        let high = v4.mul_add_f32s(v4.add_f32s(pulp::cast(NIBBLES), v4.splat_f32s(16.)), d, m);
        let q = pulp::cast(rotated(bytes, shift));
        let numbers = v4.avx512f._mm512_permutexvar_ps(q, pulp::cast(low));
        let high = pulp::cast(high);
        return pulp::cast(v4.avx512f._mm512_mask_permutexvar_ps(numbers, fifth, q, high));
    }
    let _ = simd;
    let mut q = [0; 16];
    for (j, (q, byte)) in q.iter_mut().zip(bytes).enumerate() {
        *q = (byte >> shift) & 15 | (((fifth >> j) & 1) << 4) as u8;
    }
    stretched(q, [d, m])
}

/// Each byte with the bits from `shift` on at the bottom. AVX-512 looks up by the lowest four bits,
/// and it does not matter what lies above them: bits that are shifted out may come back there.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn rotated(bytes: [u8; 16], shift: usize) -> [u32; 16] {
    let mut q = [0; 16];
    for (q, byte) in q.iter_mut().zip(bytes) {
        *q = (byte as u32).rotate_right(shift as u32);
    }
    q
}

/// q · d + m.
#[inline(always)]
pub(super) fn stretched(q: [u8; 16], [d, m]: [f32; 2]) -> Sixteen {
    let mut out = [0.0; 16];
    for (out, q) in out.iter_mut().zip(q) {
        *out = (q as f32).mul_add(d, m);
    }
    out
}

//! Finds the parts of DER without judging them: lengths only (X.690 §8.1.3).

use std::ops::Range;

/// Octets of identifier and length, and of the contents. `None` when the octets end before.
fn header(der: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*der.get(1)?);
    if first < 0x80 {
        return Some((2, first));
    }
    let octets = first & 0x7F;
    if octets == 0 || octets > 4 {
        return None;
    }
    let length = der.get(2..2 + octets)?.iter().fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
    Some((2 + octets, length))
}

/// The values that stand one after the other; what has no length that fits is one value to the end.
pub(crate) fn split(mut der: &[u8]) -> Vec<&[u8]> {
    /// What no honest chain exceeds.
    const MOST: usize = 16;
    let mut parts = Vec::new();
    while !der.is_empty() && parts.len() < MOST {
        let end = header(der).map(|(head, length)| head.saturating_add(length)).filter(|end| *end <= der.len());
        let (part, rest) = der.split_at(end.unwrap_or(der.len()));
        parts.push(part);
        der = rest;
    }
    parts
}

/// The first member of a sequence, with its header: of a certificate, what its issuer signed (RFC 5280 §4.1).
pub(crate) fn to_be_signed(certificate: &[u8]) -> Option<&[u8]> {
    let (head, _) = header(certificate)?;
    let inner = certificate.get(head..)?;
    let (inner_head, length) = header(inner)?;
    inner.get(..inner_head.checked_add(length)?)
}

/// Where the contents of primitive values stand, in order.
pub(crate) fn values(der: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    below(der, 0..der.len(), &mut found);
    found
}

fn below(der: &[u8], within: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut at = within.start;
    while at < within.end {
        let Some((head, length)) = header(&der[at..within.end]) else { return };
        let contents = at + head..(at + head).saturating_add(length);
        if contents.end > within.end {
            return;
        }
        // Bit 6 of the identifier says that the contents are values again (X.690 §8.1.2.5).
        // An OCTET STRING of an extension holds values, too (RFC 5280 §4.1).
        let nested = der[at] == 0x04
            && header(&der[contents.clone()]).is_some_and(|(head, length)| head + length == contents.len());
        match der[at] & 0x20 != 0 || nested {
            true => below(der, contents.clone(), found),
            false if !contents.is_empty() => found.push(contents.clone()),
            false => {}
        }
        at = contents.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found() {
        assert_eq!(split(&[0x30, 1, 7, 0x04, 0x81, 2, 1, 2, 9]), [&[0x30, 1, 7][..], &[0x04, 0x81, 2, 1, 2], &[9]]);
        assert_eq!(split(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]).len(), 1);
        assert_eq!(to_be_signed(&[0x30, 5, 0x30, 1, 7, 4, 0]), Some(&[0x30, 1, 7][..]));
        assert_eq!(to_be_signed(&[0x30]), None);
        assert_eq!(values(&[0x30, 6, 2, 1, 7, 0x31, 1, 5, 4, 1, 9]), [4..5, 10..11]);
    }
}

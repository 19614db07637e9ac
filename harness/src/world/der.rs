//! Surgery on DER (ITU-T X.690 §8.1): what no certificate writer would say, said by taking its output apart.

/// One element: identifier octet and contents. Identifiers of more than one octet do not occur in certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) tag: u8,
    pub(crate) contents: Vec<u8>,
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;

impl Element {
    pub(crate) fn new(tag: u8, contents: impl Into<Vec<u8>>) -> Self {
        Self { tag, contents: contents.into() }
    }

    /// An element made of others.
    pub(crate) fn of(tag: u8, children: &[Element]) -> Self {
        Self::new(tag, children.iter().flat_map(Element::encoded).collect::<Vec<u8>>())
    }

    /// The elements in the contents; `None` where the contents are none.
    pub(crate) fn children(&self) -> Option<Vec<Element>> {
        elements(&self.contents)
    }

    /// Identifier, length in the fewest octets, contents.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let length = self.contents.len();
        let mut octets = vec![self.tag];
        if length < 0x80 {
            octets.push(length as u8);
        } else {
            let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
            octets.push(0x80 | digits.len() as u8);
            octets.extend(digits);
        }
        octets.extend(&self.contents);
        octets
    }

    /// Identifier, indefinite length, contents, end of contents (§8.1.3.6), which DER forbids (§10.1).
    pub(crate) fn indefinite(&self) -> Vec<u8> {
        [&[self.tag, 0x80][..], &self.contents, &[0, 0]].concat()
    }
}

/// Every element of `octets`; `None` when they are not a sequence of elements of definite length.
pub(crate) fn elements(mut octets: &[u8]) -> Option<Vec<Element>> {
    let mut found = Vec::new();
    while let [tag, first, rest @ ..] = octets {
        let (long, digits) = (first & 0x80 != 0, usize::from(first & 0x7F));
        // Indefinite, or longer than anything here.
        if long && !(1..=4).contains(&digits) {
            return None;
        }
        let (length, rest) = if long {
            let (digits, rest) = rest.split_at_checked(digits)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        } else {
            (digits, rest)
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        found.push(Element::new(*tag, contents));
        octets = rest;
    }
    octets.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_apart_goes_together_again() {
        let long = Element::new(BIT_STRING, vec![7; 300]);
        let whole = Element::of(SEQUENCE, &[Element::new(INTEGER, [1]), long.clone()]);
        let read = elements(&whole.encoded()).unwrap();
        assert_eq!(read, std::slice::from_ref(&whole));
        assert_eq!(read[0].children().unwrap(), [Element::new(INTEGER, [1]), long]);
        assert_eq!(elements(&whole.indefinite()), None);
        assert_eq!(elements(&whole.encoded()[..9]), None);
    }
}

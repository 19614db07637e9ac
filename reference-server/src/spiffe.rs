//! SPIFFE IDs: their grammar (SPIFFE-ID §2), which has no room for two spellings of one name.

/// Whether the text is a SPIFFE ID of a workload: a trust domain and a path.
pub(crate) fn is_workload_id(text: &str) -> bool {
    const LONGEST: usize = 2048;
    const LONGEST_TRUST_DOMAIN: usize = 255;
    if text.len() > LONGEST {
        return false;
    }
    let Some((trust_domain, path)) = text.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    !trust_domain.is_empty()
        && trust_domain.len() <= LONGEST_TRUST_DOMAIN
        && trust_domain.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
        && path.split('/').all(is_segment)
}

fn is_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
        && segment.bytes().all(|octet| matches!(octet, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::is_workload_id;

    #[test]
    fn accepts_workloads() {
        for id in ["spiffe://example.org/alice", "spiffe://a.b_c-1/x/Y.z/..."] {
            assert!(is_workload_id(id), "{id}");
        }
    }

    #[test]
    fn refuses_other_spellings() {
        for id in [
            "",
            "spiffe://",
            "spiffe://example.org",
            "spiffe://example.org/",
            "spiffe:///alice",
            "SPIFFE://example.org/alice",
            "spiffe://Example.org/alice",
            "spiffe://example.org:443/alice",
            "spiffe://user@example.org/alice",
            "spiffe://example.org/alice/",
            "spiffe://example.org//alice",
            "spiffe://example.org/./alice",
            "spiffe://example.org/bob/../alice",
            "spiffe://example.org/%61lice",
            "spiffe://example.org/alice?x",
            "spiffe://example.org/alice#x",
            "spiffe://example.org/alice\0",
            "spiffe://example.org/älice",
            "https://example.org/alice",
        ] {
            assert!(!is_workload_id(id), "{id}");
        }
        assert!(!is_workload_id(&format!("spiffe://example.org/{}", "a".repeat(2048))));
        assert!(!is_workload_id(&format!("spiffe://{}/a", "a".repeat(256))));
    }
}

//! An attempt, resolved: symbolic specifications of everything sent. And what a reader of the bytes must see of it.

use std::borrow::Cow;

use crate::{
    AuthorizationForm, Blueprint, Carriage, ChainSpec, ConfirmationOf, CredentialSeen, Forwarded, ForwardedSeen,
    KeyName, Member, MessageSeen, PayloadForm, Person, RequestSpec, Seal, SegmentForm, SegmentName, Segments,
    ServerName, SignatureForm, TextFault, TokenKey, TokenSeen, TokenSpec, Transport, Value,
    json::{self, Json},
};

pub(crate) mod message;

/// A resolved step.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// What the bytes travel in.
    pub transport: Transport,
    /// The name that the client asks for in the handshake.
    pub server_name: ServerName,
    /// What the client presents in the handshake; behind a proxy, to the proxy.
    pub chain: Option<ChainSpec>,
    /// How that comes through the proxy, where there is one.
    pub forwarded: Option<Forwarded>,
    /// The token, if there is one.
    pub token: Option<TokenSpec>,
    /// The request.
    pub request: RequestSpec,
}

/// What a strict reader sees of an attempt: the attempt in normal form.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifted {
    /// What the bytes travelled in.
    pub transport: Transport,
    /// The presented chain; behind a proxy, the one that counts of its field.
    pub chain: Option<ChainSpec>,
    /// The proxy and its field as the service sees them; `None` if the policy has no proxy.
    pub forwarded: Option<ForwardedSeen>,
    /// The credential.
    pub credential: CredentialSeen,
    /// Method of the request.
    pub method: String,
    /// Path of the request; a token in it is cut off.
    pub path: String,
    /// Names of the header fields beyond those that every request has, in order; those of trailers begin with `~`.
    pub headers: Vec<String>,
    /// The body; a token in it is cut off.
    pub body: Option<String>,
    /// The request as a message.
    pub message: MessageSeen,
}

/// The dates among the claims, which are read as seconds from now.
const DATES: [&str; 3] = ["exp", "iat", "nbf"];

impl Attempt {
    /// What must be seen of this attempt once it is forged.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// # let resolved = |stance, changes| {
    /// #     let case = Case::one(stance, "GET /v1/orders/{id}", changes);
    /// #     resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())
    /// # };
    /// use gatecrash_model::Stance;
    /// let attempt = resolved(Stance::NoToken, vec![])?;
    /// let seen = attempt.expected(&blueprint);
    /// assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/v1/orders/alice-1"));
    /// # Ok::<(), String>(())
    /// ```
    pub fn expected(&self, blueprint: &Blueprint) -> Lifted {
        let message = message::seen(self);
        let (chain, forwarded) = self.presented(blueprint);
        let carried = self.token.as_ref().map(|_| &self.request.authorization);
        let path = match carried {
            Some(AuthorizationForm::PathParameter) => format!("{};access_token=", self.request.path),
            _ => self.request.path.clone(),
        };
        let own = blueprint.policy.tokens.carried.field();
        let other = carried.and_then(AuthorizationForm::other_field).filter(|name| *name != own);
        let mut headers: Vec<String> = other.map(String::from).into_iter().collect();
        headers.extend(self.request.headers.iter().map(|header| header.name.clone()));
        if let crate::Protocol::Http2(form) = self.request.protocol {
            headers.extend(form.fields().iter().filter(|name| **name != "connection").map(ToString::to_string));
        }
        if carried == Some(&AuthorizationForm::Trailer) {
            headers.push("~authorization".into());
        }
        let body = match carried {
            Some(AuthorizationForm::BodyToo | AuthorizationForm::FormBody) => Some("access_token=".into()),
            _ => self.request.body.as_ref().map(|(_, text)| text.clone()),
        };
        Lifted {
            transport: self.transport,
            chain,
            forwarded,
            credential: self.credential(blueprint),
            method: self.request.method.clone(),
            path,
            headers,
            body,
            message,
        }
    }

    /// The chain that counts, and what is seen of the proxy and of its field.
    fn presented(&self, blueprint: &Blueprint) -> (Option<ChainSpec>, Option<ForwardedSeen>) {
        match (&self.forwarded, &blueprint.policy.proxy) {
            (Some(forwarded), Some(proxy)) => {
                let (field, chain) = forwarded.seen(self.chain.as_ref(), proxy);
                (chain, Some(ForwardedSeen { presented: forwarded.presented.clone(), field }))
            }
            _ => (self.chain.clone(), None),
        }
    }

    fn credential(&self, blueprint: &Blueprint) -> CredentialSeen {
        use AuthorizationForm::*;
        let Some(token) = &self.token else { return CredentialSeen::Absent };
        let seen = || {
            if token.breaks_grammar() {
                CredentialSeen::Malformed
            } else {
                CredentialSeen::Token(self.token_seen(token, blueprint))
            }
        };
        match (&blueprint.policy.tokens.carried, &self.request.authorization) {
            (Carriage::Scheme { .. }, _) => {}
            (_, Absent | Empty) => return CredentialSeen::Absent,
            (_, Repeated | TwoPrincipals) => return CredentialSeen::Repeated,
            (Carriage::Cookie { .. } | Carriage::Field { .. }, _) => return seen(),
        }
        let scheme = blueprint.policy.tokens.carried.scheme().unwrap_or_default();
        match &self.request.authorization {
            Absent | Cookie(_) | Empty | FormBody | NoScheme | OtherHeader(_) | PathParameter | Percent | Query
            | QueryEncoded | Trailer => CredentialSeen::Absent,
            CarriageReturn | CommaList | LineFeed | NoBreakSpace | NonAscii | Nul | Parameter | Quoted | SchemeOnly
            | Tab | Trailing => CredentialSeen::Malformed,
            CookieBesideGarbage => CredentialSeen::Token(TokenSeen::Garbled(TextFault::Encoding)),
            Joined { .. } | Repeated | TwoPrincipals => CredentialSeen::Repeated,
            Long(_) if token.breaks_grammar() => CredentialSeen::Malformed,
            Long(_) => CredentialSeen::Token(TokenSeen::Garbled(match token.segments {
                Segments::OnlyDots | Segments::Three => TextFault::Encoding,
                _ => TextFault::Segments,
            })),
            BodyToo | CookieToo | Folded | Padded | QueryEncodedToo | QueryToo | SpaceBeforeColon | TwoSpaces => seen(),
            Scheme(name) if name.eq_ignore_ascii_case(scheme) => seen(),
            Scheme(_) => CredentialSeen::Absent,
        }
    }

    fn token_seen(&self, token: &TokenSpec, blueprint: &Blueprint) -> TokenSeen {
        match token.segments {
            Segments::Three => {}
            // Three segments, each of no octets.
            Segments::OnlyDots => return TokenSeen::Read { header: None, claims: None, seal: Seal::Nobody },
            Segments::Encrypted
            | Segments::EncryptedPlain
            | Segments::EncryptedSlow
            | Segments::Flattened
            | Segments::Four
            | Segments::General
            | Segments::LeadingDot
            | Segments::Two
            | Segments::Unprotected => {
                return TokenSeen::Garbled(TextFault::Segments);
            }
        }
        if !token.text.is_empty() {
            return TokenSeen::Garbled(TextFault::Encoding);
        }
        let plain = |members: &[Member]| -> Vec<Member> {
            let member = |member: &Member| Member {
                name: member.name.clone(),
                value: self.normal(member.value.clone(), blueprint),
            };
            members.iter().map(member).collect()
        };
        let (sent_header, sent_claims) =
            (replaced(&token.header, &token.rewritten_header), replaced(&token.claims, &token.rewritten_claims));
        // To write what stands there already is no tampering.
        let same = |sent: &[Member], signed: &[Member], rewritten: &[Member]| {
            rewritten.is_empty() || object_text(&plain(sent), blueprint) == object_text(&plain(signed), blueprint)
        };
        // What takes the place of the whole is the same before and after.
        let replaces = |form: &Option<PayloadForm>| matches!(form, Some(PayloadForm::Text(_)));
        let untouched = (replaces(&token.header_form) || same(&sent_header, &token.header, &token.rewritten_header))
            && (replaces(&token.payload) || same(&sent_claims, &token.claims, &token.rewritten_claims));
        let verifies = matches!(token.signature, SignatureForm::Genuine | SignatureForm::HighS);
        // One signature fits every message there.
        let any = matches!(token.seal, Seal::Key(KeyName::Token(_, TokenKey::SmallOrder), _));
        let genuine = verifies && (untouched || any);
        let seen = |sent: &[Member], form: &Option<PayloadForm>| {
            let whole = form.is_none().then(|| self.members_as_sent(sent, blueprint)).flatten();
            whole.or_else(|| {
                let sent = plain(sent);
                let object = object_text(&sent, blueprint);
                let text = match form {
                    None => object,
                    Some(form) => form.around(&object)?,
                };
                let symbols = sent.iter().map(|member| (stand_in(&member.value, blueprint), &member.value));
                let symbols: Vec<(String, &Value)> = symbols.filter(|(_, value)| is_symbol(value)).collect();
                let symbol = |text: &str| symbols.iter().find(|(known, _)| known == text);
                members(&text, blueprint, &|text| symbol(text).map(|(_, value)| (*value).clone()))
            })
        };
        TokenSeen::Read {
            header: seen(&sent_header, &token.header_form),
            claims: seen(&sent_claims, &token.payload),
            seal: if genuine { token.seal.clone() } else { Seal::Nobody },
        }
    }

    /// What [`members`] reads of the object that these make, without writing it first; `None` where a text is not one value.
    fn members_as_sent(&self, sent: &[Member], blueprint: &Blueprint) -> Option<Vec<Member>> {
        let member = |Member { name, value }: &Member| {
            let value = match value {
                value if is_symbol(value) => self.normal(value.clone(), blueprint),
                Value::Seconds(_) if DATES.contains(&name.as_str()) => value.clone(),
                Value::Unique if name == "jti" => Value::Unique,
                Value::Json(text) => {
                    let read = json::parse_member(text)?;
                    normal_value(name, &read, text.trim_matches([' ', '\t', '\n', '\r']), blueprint)
                }
                other => Value::Json(stand_in(other, blueprint)),
            };
            Some(Member { name: name.clone(), value })
        };
        sent.iter().map(member).collect()
    }

    /// Says `Leaf` where a person's own leaf is the presented one, and `Intermediate` where what is named comes second.
    fn normal(&self, value: Value, blueprint: &Blueprint) -> Value {
        let presented = |at: usize| self.chain.as_ref().and_then(|chain| chain.certificates.get(at));
        let is_presented = |person: Person| presented(0).is_some_and(|leaf| *leaf == blueprint.leaf(person));
        // Where no certificate can be read, whose it is that the token names.
        let unread = self.forwarded.is_some() && self.presented(blueprint).0.is_none();
        let holder = || Person::ALL.iter().copied().find(|person| is_presented(*person));
        match value {
            Value::Confirmation { member, of: ConfirmationOf::Leaf, digest, encoding } if unread => {
                let of = holder().map_or(ConfirmationOf::Leaf, ConfirmationOf::Person);
                Value::Confirmation { member, of, digest, encoding }
            }
            other if unread => other,
            Value::Confirmation { member, of: ConfirmationOf::Root, digest, encoding }
                if presented(1).is_some_and(|issuer| *issuer == blueprint.authority(KeyName::Root)) =>
            {
                Value::Confirmation { member, of: ConfirmationOf::Intermediate, digest, encoding }
            }
            Value::Confirmation { member, of: ConfirmationOf::Person(person), digest, encoding }
                if is_presented(person) =>
            {
                Value::Confirmation { member, of: ConfirmationOf::Leaf, digest, encoding }
            }
            Value::Confirmation { member, of: ConfirmationOf::Person(person), digest, encoding }
                if presented(1).is_some_and(|second| *second == blueprint.leaf(person)) =>
            {
                Value::Confirmation { member, of: ConfirmationOf::Intermediate, digest, encoding }
            }
            other => other,
        }
    }
}

impl TokenSpec {
    /// Whether the text is no `b64token` (RFC 6750 §2.1): its `=` stand at the very end only.
    fn breaks_grammar(&self) -> bool {
        let last = match self.segments {
            Segments::Flattened | Segments::General | Segments::Unprotected => return true,
            Segments::Encrypted | Segments::EncryptedPlain | Segments::EncryptedSlow | Segments::OnlyDots => {
                return false;
            }
            Segments::Four => None,
            Segments::Two => Some(SegmentName::Claims),
            Segments::LeadingDot | Segments::Three => Some(SegmentName::Signature),
        };
        let shown = |segment: SegmentName| self.segments != Segments::Two || segment != SegmentName::Signature;
        self.text.iter().filter(|(segment, _)| shown(*segment)).any(|(segment, form)| match form {
            SegmentForm::Percent | SegmentForm::Space | SegmentForm::Tab => true,
            SegmentForm::Padded => Some(*segment) != last,
            SegmentForm::Plus | SegmentForm::TrailingBits => false,
        })
    }
}

/// `members` with those of `rewritten` in place of the first of the same name, or at the end.
pub(crate) fn replaced<'a>(members: &'a [Member], rewritten: &[Member]) -> Cow<'a, [Member]> {
    if rewritten.is_empty() {
        return Cow::Borrowed(members);
    }
    let mut result = members.to_vec();
    for member in rewritten {
        match result.iter_mut().find(|old| old.name == member.name) {
            Some(old) => old.value = member.value.clone(),
            None => result.push(member.clone()),
        }
    }
    Cow::Owned(result)
}

fn object_text(members: &[Member], blueprint: &Blueprint) -> String {
    let member = |member: &Member| format!("{}:{}", json::quote(&member.name), stand_in(&member.value, blueprint));
    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
}

/// JSON text that stands in for a value whose octets only the world knows.
fn stand_in(value: &Value, blueprint: &Blueprint) -> String {
    match value {
        Value::Json(text) => text.clone(),
        Value::Long(_) | Value::Nested(_) => value.spelled_out().unwrap_or_default(),
        Value::Seconds(seconds) => (blueprint.now + seconds).to_string(),
        Value::Unique => "\"gc-unique\"".into(),
        Value::Certificates(_) | Value::Confirmation { .. } | Value::Jwk(_) => {
            format!("{{\"\":{}}}", json::quote(&format!("{value:?}")))
        }
    }
}

/// Whether the octets are the world's to know.
fn is_symbol(value: &Value) -> bool {
    matches!(value, Value::Certificates(_) | Value::Confirmation { .. } | Value::Jwk(_))
}

/// The normal form of a value that stands for no octets of the world.
fn normal_value(name: &str, read: &Json<'_>, text: &str, blueprint: &Blueprint) -> Value {
    match read {
        Json::Number(_, digits) if DATES.contains(&name) => match digits.parse::<i64>() {
            Ok(date) => Value::Seconds(date.saturating_sub(blueprint.now)),
            Err(_) => Value::Json(text.into()),
        },
        Json::Text(string) if name == "jti" && string.starts_with("gc-") => Value::Unique,
        _ => Value::Json(text.into()),
    }
}

/// Reads JSON text as a list of members in normal form; `None` when it is no JSON object.
///
/// `symbol` recognizes text that stands for octets of the world.
pub(crate) fn members(
    text: &str,
    blueprint: &Blueprint,
    symbol: &dyn Fn(&str) -> Option<Value>,
) -> Option<Vec<Member>> {
    let Some(Json::Object(members)) = json::parse_widely(text) else { return None };
    let normal = |(name, value, text): (Cow<'_, str>, Json<'_>, &str)| {
        let value = match normal_value(&name, &value, text, blueprint) {
            Value::Json(text) => symbol(&text).unwrap_or(Value::Json(text)),
            other => other,
        };
        Member { name: name.into_owned(), value }
    };
    Some(members.into_iter().map(normal).collect())
}

impl Lifted {
    /// Reads the JSON text of header or claims set as members in normal form.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{Lifted, Value};
    /// let claims = Lifted::members(r#"{"scope":"orders:read","scope":""}"#, &blueprint, &|_| None);
    /// // Duplicates stay, in order.
    /// assert_eq!(claims.map(|claims| claims.len()), Some(2));
    /// ```
    pub fn members(text: &str, blueprint: &Blueprint, symbol: &dyn Fn(&str) -> Option<Value>) -> Option<Vec<Member>> {
        members(text, blueprint, symbol)
    }
}

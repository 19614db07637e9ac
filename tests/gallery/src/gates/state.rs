//! Flaws of state: what one request leaves behind for another, and what a running gate does not take up.

use gatecrash::{
    BoxError, Gate, World,
    campaign::check::FindingKind::{self, Carryover, FalseRefusal, Fault},
    model::{
        Change, ChangePolicy, OneTime as Promised, Policy, Promptness, Route,
        Rule::{
            self, Audience, CertificateValidity, Confirmation, Expiry, Issuer, KeyId, OneTime, PathToAnchor,
            Revocation, Scope, Signature, SubjectOfCertificate, Throttle, TokenPresent, TokenRevocation,
        },
        ThrottlePolicy, Upgrade,
    },
};

use crate::parts::stateful::{
    FREE, Habits, Keys, OneTime as OneTimeHabit, Poisoned, Remembers, Sessions, Throttle as ThrottleHabit, Vets, gate,
    unverified,
};

/// Replaces a habit by a bad one.
pub(super) type Habit = fn(&mut Habits);

/// Name, what it does, what it breaks, what it shows, which of the policies it promises, and the habit.
type Row = (&'static str, &'static str, &'static [Rule], &'static [FindingKind], Promises, Habit);

/// What a gate of this table promises of changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Promises {
    /// That it heeds each of them at once.
    AtOnce,
    /// The same, and that a token works once.
    Once,
    /// That whoever keeps guessing has to wait.
    Waits,
    /// That a stream ends at once when its credentials lapse; there are one of events and a socket.
    Streams,
    /// That it knows sessions by a cookie, and issues their ids itself.
    Session,
}

impl Promises {
    pub(super) fn of(self, policy: &Policy) -> Policy {
        let mut policy = policy.clone();
        let mut changes = ChangePolicy::strict();
        changes.one_time = (self == Promises::Once).then_some(Promised::Always);
        changes.throttle = None;
        changes.early_data = None;
        changes.streams_end = (self == Promises::Streams).then_some(0);
        changes.session_cookie = None;
        if self == Promises::Waits {
            changes = ChangePolicy::default();
            changes.keys = Some(Promptness::NextRequest);
            changes.throttle = Some(ThrottlePolicy { after: FREE as u32, wait: 60 });
            policy.answers.throttled = vec![429];
        }
        if self == Promises::Streams {
            policy.routes.retain(|route| route.path == "/v1/whoami");
            let events = Route { stream: true, ..Route::new("GET", "/v1/events") };
            let socket = Route { upgrade: Some(Upgrade::WebSocket), ..Route::new("GET", "/v1/socket") };
            policy.routes.extend([events, socket]);
        }
        if self == Promises::Session {
            changes = ChangePolicy::default();
            changes.session_cookie = Some("session".into());
        }
        policy.changes = changes;
        policy
    }

    /// The habits of the twin.
    fn habits(self) -> Habits {
        Habits {
            one_time: if self == Promises::Once { OneTimeHabit::Stored } else { OneTimeHabit::NotAtAll },
            throttle: if self == Promises::Waits { ThrottleHabit::Holder } else { ThrottleHabit::Nobody },
            ..Habits::default()
        }
    }
}

pub(super) fn build(world: &World, promises: Promises, habit: Option<Habit>) -> Result<Gate, BoxError> {
    let mut habits = promises.habits();
    if let Some(habit) = habit {
        habit(&mut habits);
    }
    gate(world, habits)
}

fn jti(token: &str) -> Option<String> {
    unverified(token)?.jti
}

fn keys_change(change: &Change) -> bool {
    matches!(change, Change::RetireKey { .. } | Change::PublishKey { .. })
}

pub(super) const FLAWS: &[Row] = {
    use Promises::{AtOnce, Once, Session, Streams, Waits};
    &[
        (
            "sessions-outlive-a-reload",
            "shares rustls' session storage between the configuration before a reload and the one after it",
            &[PathToAnchor, Revocation],
            &[],
            AtOnce,
            |habits| (habits.sessions, habits.vets) = (Sessions::OfAll, Vets::AtHandshake),
        ),
        (
            "tickets-outlive-a-reload",
            "seals tickets with one key whatever is trusted at the time",
            &[PathToAnchor, Revocation],
            &[],
            AtOnce,
            |habits| (habits.sessions, habits.vets) = (Sessions::TicketsOfAll, Vets::AtHandshake),
        ),
        (
            "resumed-past-expiry",
            "looks at a certificate after a reload alone, and resumes the sessions of one that has expired",
            &[CertificateValidity],
            &[],
            AtOnce,
            |habits| habits.vets = Vets::AfterReload,
        ),
        (
            "kept-past-revocation",
            "looks at a certificate in the handshake alone",
            &[CertificateValidity, PathToAnchor, Revocation],
            &[],
            AtOnce,
            |habits| (habits.sessions, habits.vets) = (Sessions::None, Vets::AtHandshake),
        ),
        (
            "kept-past-expiry",
            "looks at the certificate of an open connection after a reload alone",
            &[CertificateValidity],
            &[],
            AtOnce,
            |habits| (habits.sessions, habits.vets) = (Sessions::None, Vets::AfterReload),
        ),
        ("anchors-read-once", "reads its trust anchors when it starts", &[PathToAnchor], &[], AtOnce, |habits| {
            habits.ignores = |change| matches!(change, Change::DropAnchor(_))
        }),
        ("lists-read-once", "reads its CRLs when it starts", &[Revocation], &[], AtOnce, |habits| {
            habits.ignores = |change| matches!(change, Change::Revoke(_))
        }),
        (
            "keys-read-once",
            "fetches the keys of its issuers when it starts",
            &[KeyId, Signature],
            &[FalseRefusal],
            AtOnce,
            |habits| habits.ignores = keys_change,
        ),
        ("keys-only-added", "adds new keys, and never drops one", &[KeyId, Signature], &[], AtOnce, |habits| {
            habits.keys = Keys::OnlyAdded
        }),
        (
            "keys-by-name",
            "never looks up a key again whose `kid` it knows",
            &[Signature],
            &[FalseRefusal],
            AtOnce,
            |habits| habits.keys = Keys::ByName,
        ),
        (
            "open-without-keys",
            "verifies nothing when its issuers publish no key",
            &[Audience, Confirmation, Expiry, Issuer, KeyId, Signature, SubjectOfCertificate],
            &[],
            AtOnce,
            |habits| habits.keys = Keys::OpenWithout,
        ),
        (
            "open-on-error",
            "verifies nothing after a key set that it could not read",
            &[Audience, Confirmation, Expiry, Issuer, KeyId, Signature, SubjectOfCertificate],
            &[],
            AtOnce,
            |habits| habits.keys = Keys::OpenOnError,
        ),
        (
            "closed-on-error",
            "serves nobody after a key set that it could not read, not even who needs no token",
            &[],
            &[FalseRefusal],
            AtOnce,
            |habits| habits.keys = Keys::ClosedForAll,
        ),
        ("cache-by-jti", "remembers verified tokens by their `jti`", &[Signature], &[Carryover], AtOnce, |habits| {
            (habits.cache, habits.verifies_again) = (jti, false)
        }),
        (
            "cache-by-subject",
            "remembers verified tokens by their `sub`",
            &[Signature],
            &[Carryover],
            AtOnce,
            |habits| (habits.cache, habits.verifies_again) = (subject, false),
        ),
        (
            "cache-by-content",
            "remembers verified tokens by header and claims, without the signature",
            &[Signature],
            &[Carryover],
            AtOnce,
            |habits| (habits.cache, habits.verifies_again) = (content, false),
        ),
        (
            "cache-by-prefix",
            "remembers verified tokens by their first 64 letters",
            &[Signature],
            &[Carryover],
            AtOnce,
            |habits| (habits.cache, habits.verifies_again) = (prefix, false),
        ),
        (
            "cache-without-dates",
            "does not look at the dates of a token that it remembers",
            &[Expiry],
            &[],
            AtOnce,
            |habits| (habits.verifies_again, habits.looks_again) = (false, [false, true, true]),
        ),
        (
            "cache-without-certificate",
            "does not compare a token that it remembers with the certificate, nor with the keys of the day",
            &[Confirmation, Signature, SubjectOfCertificate],
            &[Carryover],
            AtOnce,
            |habits| (habits.verifies_again, habits.looks_again) = (false, [true, false, true]),
        ),
        (
            "cache-without-revocation",
            "does not ask whether a token that it remembers was revoked",
            &[TokenRevocation],
            &[],
            AtOnce,
            |habits| (habits.verifies_again, habits.looks_again) = (false, [true, true, false]),
        ),
        (
            "cache-without-keys",
            "goes on accepting a token that it remembers when its key is published no more",
            &[KeyId, Signature],
            &[],
            AtOnce,
            |habits| habits.verifies_again = false,
        ),
        (
            "cache-before-verifying",
            "remembers a token before it is verified",
            &[Signature],
            &[Carryover],
            AtOnce,
            |habits| (habits.verifies_again, habits.remembers_first) = (false, true),
        ),
        (
            "refusals-by-subject",
            "remembers whom a refused token names, and refuses that one from then on",
            &[],
            &[Carryover],
            AtOnce,
            |habits| habits.refusals = subject,
        ),
        (
            "tokens-revoked-at-restart",
            "reads which tokens are revoked when it starts",
            &[TokenRevocation],
            &[],
            AtOnce,
            |habits| habits.ignores = |change| matches!(change, Change::RevokeToken(_)),
        ),
        (
            "thread-remembers",
            "takes whoever brings no token for the one whom its thread served last",
            &[TokenPresent],
            &[Carryover],
            AtOnce,
            |habits| habits.remembers = Remembers::OnThread,
        ),
        (
            "streams-share-a-caller",
            "keeps who asks on the connection, where another stream overwrites it",
            &[Scope],
            &[Carryover],
            AtOnce,
            |habits| habits.remembers = Remembers::OnConnection,
        ),
        (
            "effect-begun-early",
            "begins the effect in a task of its own before it is known who asks",
            &[Audience, Confirmation, Expiry, Issuer, Signature, TokenPresent],
            &[Carryover],
            AtOnce,
            |habits| habits.begins_early = true,
        ),
        (
            "opens-after-fifty",
            "stops verifying after fifty refusals, to keep up the service",
            &[Signature],
            &[Carryover],
            AtOnce,
            |habits| habits.opens_after = Some(50),
        ),
        ("one-time-unasked", "takes a token as often as it comes", &[OneTime], &[], Once, |habits| {
            habits.one_time = OneTimeHabit::NotAtAll;
        }),
        ("one-time-by-text", "tells tokens apart by their text", &[OneTime], &[], Once, |habits| {
            habits.one_time = OneTimeHabit::ByText;
        }),
        ("one-time-race", "looks for a token, waits, and notes it", &[OneTime], &[Carryover], Once, |habits| {
            habits.one_time = OneTimeHabit::LookThenStore;
        }),
        ("one-time-in-memory", "forgets at a restart which tokens are spent", &[OneTime], &[], Once, |habits| {
            habits.one_time = OneTimeHabit::InMemory;
        }),
        ("guesses-unlimited", "never makes anybody wait", &[Throttle], &[], Waits, |habits| {
            habits.throttle = ThrottleHabit::Nobody;
        }),
        (
            "guesses-lock-out-others",
            "makes everybody wait after the guesses of one",
            &[],
            &[Carryover, FalseRefusal],
            Waits,
            |habits| habits.throttle = ThrottleHabit::Everybody,
        ),
        (
            "guesses-lock-out-whom-they-name",
            "makes whomever a refused token names wait",
            &[Throttle],
            &[Carryover, FalseRefusal],
            Waits,
            |habits| habits.throttle = ThrottleHabit::Subject,
        ),
        (
            "streams-never-looked-at-again",
            "looks at the credentials of a stream when it begins, and never again",
            &[CertificateValidity, Expiry, KeyId, PathToAnchor, Revocation, Signature, TokenRevocation],
            &[],
            Streams,
            |habits| habits.streams_look_again = false,
        ),
        (
            "poisoned-lock-opens",
            "panics with a lock held when a token is short, and verifies nothing once the lock is poisoned",
            &[Audience, Confirmation, Expiry, Issuer, KeyId, Signature, SubjectOfCertificate],
            &[Carryover, Fault],
            AtOnce,
            |habits| habits.poisoned = Poisoned::Opens,
        ),
        (
            "poisoned-lock-closes",
            "panics with a lock held when a token is short, and serves nobody once the lock is poisoned",
            &[],
            &[Carryover, Fault, FalseRefusal],
            AtOnce,
            |habits| habits.poisoned = Poisoned::Closes,
        ),
        (
            "session-kept-at-login",
            "keeps the id of a session that the client had before it was authenticated",
            &[TokenPresent],
            &[Carryover],
            Session,
            |habits| habits.session_fixed = true,
        ),
    ]
};

fn subject(token: &str) -> Option<String> {
    Some(unverified(token)?.sub)
}

fn content(token: &str) -> Option<String> {
    token.rsplit_once('.').map(|(content, _)| content.into())
}

fn prefix(token: &str) -> Option<String> {
    token.get(..64).map(String::from)
}

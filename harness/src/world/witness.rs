//! What a gate tells of itself: protected effects that ran, causes that it audited, look-ups of keys, logs. It interprets nothing.

use std::sync::{Arc, Mutex, PoisonError};

use gatecrash_model::Rule;

/// A protected effect ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The route, as `GET /v1/whoami`.
    pub route: String,
    /// As whom; `None` when the gate does not know.
    pub principal: Option<String>,
    /// On what, where the route names an object.
    pub object: Option<String>,
}

/// Everything told since the last time it was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Effects, in order.
    pub hits: Vec<Hit>,
    /// For each audited refusal, its cause and the rules that the cause can stand for.
    pub causes: Vec<(String, Vec<Rule>)>,
    /// How often a key source was asked.
    pub look_ups: u64,
    /// What the gate logged, one line for each event.
    pub logs: String,
    /// The tools that an assistant of the gate called.
    pub tools: Vec<String>,
}

/// The ear of the world. Clones hear together.
///
/// What cannot be handed one calls `gatecrash_witness::hit` in its place, which is heard on the thread of the attempt.
#[derive(Clone, Debug, Default)]
pub struct Witness(Arc<Mutex<Seen>>);

impl Witness {
    /// A protected effect ran on `route`, as `principal`, on `object`. Call it at the effect, and nowhere else.
    ///
    /// ```
    /// use gatecrash::world::Witness;
    /// fn delete_order(witness: &Witness, caller: &str, order: &str) {
    ///     witness.hit("DELETE /v1/orders/{id}", Some(caller.into()), Some(order.into()));
    ///     // … and the effect.
    /// }
    ///
    /// let witness = Witness::default();
    /// delete_order(&witness, "spiffe://example.test/staff/alice", "alice-1");
    /// assert_eq!(witness.take().hits[0].object.as_deref(), Some("alice-1"));
    /// ```
    pub fn hit(&self, route: impl Into<String>, principal: Option<String>, object: Option<String>) {
        self.with(|seen| seen.hits.push(Hit { route: route.into(), principal, object }));
    }

    /// The gate refused for `cause`, which stands for a violation of one of `rules`.
    ///
    /// ```
    /// use gatecrash::{model::Rule, world::Witness};
    /// let witness = Witness::default();
    /// // Where the service audits a refusal. A wrong cause is told apart from a right one.
    /// witness.cause("token expired", &[Rule::Expiry]);
    /// assert_eq!(witness.take().causes, [("token expired".into(), vec![Rule::Expiry])]);
    /// ```
    pub fn cause(&self, cause: impl Into<String>, rules: &[Rule]) {
        self.with(|seen| seen.causes.push((cause.into(), rules.to_vec())));
    }

    /// The gate logged `line`, by other means than `tracing`, which is heard anyway.
    ///
    /// ```
    /// let witness = gatecrash::world::Witness::default();
    /// // In the writer of a logger that is not `tracing`; what is told is searched for secrets.
    /// witness.log("GET /v1/whoami 200");
    /// assert_eq!(witness.take().logs, "GET /v1/whoami 200\n");
    /// ```
    pub fn log(&self, line: &str) {
        self.with(|seen| {
            seen.logs.push_str(line);
            seen.logs.push('\n');
        });
    }

    /// The gate asked its key source.
    ///
    /// ```
    /// let witness = gatecrash::world::Witness::default();
    /// // Where the service fetches a key set; `World::loopback_issuer` counts by itself.
    /// witness.look_up();
    /// assert_eq!(witness.take().look_ups, 1);
    /// ```
    pub fn look_up(&self) {
        self.with(|seen| seen.look_ups += 1);
    }

    /// An assistant of the gate called a tool that nobody may talk it into.
    ///
    /// ```
    /// let witness = gatecrash::world::Witness::default();
    /// // In the tool, where the service has one of its own; `World::assistant` offers one that tells by itself.
    /// witness.tool("mint_token");
    /// assert_eq!(witness.take().tools, ["mint_token"]);
    /// ```
    pub fn tool(&self, name: impl Into<String>) {
        self.with(|seen| seen.tools.push(name.into()));
    }

    /// Takes what was told.
    ///
    /// ```
    /// let witness = gatecrash::world::Witness::default();
    /// witness.clone().hit("GET /v1/whoami", None, None);
    /// assert_eq!(witness.take().hits.len(), 1);
    /// assert!(witness.take().hits.is_empty());
    /// ```
    pub fn take(&self) -> Seen {
        self.with(std::mem::take)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

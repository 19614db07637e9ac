//! The bank that the binary keeps in memory: the accounts of its configuration. A deployment brings its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::config::Account;
use crate::bank::{Bank, Principal, TransferOrder};

pub(super) struct Accounts {
    state: Mutex<State>,
}

struct State {
    accounts: BTreeMap<String, Account>,
    transfers: u64,
}

impl Accounts {
    pub(super) fn new(accounts: &[Account]) -> Accounts {
        let accounts = accounts.iter().map(|account| (account.id.clone(), account.clone())).collect();
        Accounts { state: Mutex::new(State { accounts, transfers: 0 }) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bank for Accounts {
    fn account(&self, _: &Principal, account: &str) -> String {
        let balance = self.lock().accounts.get(account).map_or(0, |account| account.balance);
        format!("balance {balance}")
    }

    fn delete_user(&self, _: &Principal, user: &str) {
        self.lock().accounts.retain(|_, account| !is_named(account, user));
    }

    fn health(&self, _: &Principal) {}

    fn owner_of(&self, account: &str) -> Option<String> {
        self.lock().accounts.get(account).map(|account| account.owner.clone())
    }

    fn transfer(&self, _: &Principal, order: &TransferOrder) -> String {
        let mut state = self.lock();
        let covered = state.accounts.get(&order.from).is_some_and(|account| account.balance >= order.amount);
        if !covered || !state.accounts.contains_key(&order.to) {
            return "declined".to_owned();
        }
        if let Some(from) = state.accounts.get_mut(&order.from) {
            from.balance -= order.amount;
        }
        if let Some(to) = state.accounts.get_mut(&order.to) {
            to.balance = to.balance.saturating_add(order.amount);
        }
        state.transfers += 1;
        format!("transfer-{}", state.transfers)
    }

    fn user(&self, _: &Principal, user: &str) -> String {
        let state = self.lock();
        let accounts: Vec<_> =
            state.accounts.values().filter(|account| is_named(account, user)).map(|it| it.id.as_str()).collect();
        accounts.join(" ")
    }

    fn whoami(&self, principal: &Principal) -> String {
        let state = self.lock();
        let accounts: Vec<_> =
            state.accounts.values().filter(|account| account.owner == principal.id).map(|it| it.id.as_str()).collect();
        accounts.join(" ")
    }
}

/// Users are called by the last segment of their SPIFFE ID.
fn is_named(account: &Account, user: &str) -> bool {
    account.owner.rsplit('/').next() == Some(user)
}

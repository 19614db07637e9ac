//! Where a presented chain is led, and what it is padded with.

use super::{Start, not_applicable};
use crate::{
    CertificateSpec, IssuerRole, KeyName, Person, TokenKey, Unresolvable,
    blueprint::authority_name,
    chain::path::{ChainPadding, ChainPath},
};

impl Start<'_> {
    pub(super) fn lead(&mut self, path: ChainPath) -> Result<(), Unresolvable> {
        let blueprint = self.blueprint;
        let holder = self.stance.holder().ok_or_else(|| not_applicable("the stance holds no certificate"))?;
        let mut leaf = blueprint.leaf(holder);
        let mut issued_by = |key: KeyName, name: &str| {
            leaf.signer = Some(key);
            leaf.issuer = name.into();
        };
        let above = match path {
            ChainPath::CrossSigned => {
                let mut middle = blueprint.authority(holder.certificate_authority());
                middle.issuer = authority_name(KeyName::SecondRoot).into();
                middle.signer = Some(KeyName::SecondRoot);
                vec![middle]
            }
            ChainPath::Loop => {
                issued_by(KeyName::SubAuthority, authority_name(KeyName::SubAuthority));
                let mut other = blueprint.authority(KeyName::StaffIntermediate);
                other.issuer = authority_name(KeyName::SubAuthority).into();
                other.signer = Some(KeyName::SubAuthority);
                other.authority = Some(crate::BasicConstraints { ca: true, path_length: None });
                vec![blueprint.authority(KeyName::SubAuthority), other]
            }
            ChainPath::SubAuthority => {
                issued_by(KeyName::SubAuthority, authority_name(KeyName::SubAuthority));
                vec![blueprint.authority(KeyName::SubAuthority), blueprint.authority(KeyName::StaffIntermediate)]
            }
            ChainPath::LeafAsAuthority => {
                issued_by(KeyName::Leaf(Person::Mallory), "mallory");
                let mut middle = blueprint.leaf(Person::Mallory);
                middle.key_usage = None;
                middle.authority = None;
                vec![middle, blueprint.authority(KeyName::StaffIntermediate)]
            }
            ChainPath::MissingIntermediate => Vec::new(),
            ChainPath::Rogue => {
                issued_by(KeyName::RogueIntermediate, authority_name(KeyName::RogueIntermediate));
                vec![blueprint.authority(KeyName::RogueIntermediate)]
            }
            ChainPath::RogueSameName => {
                let genuine = holder.certificate_authority();
                issued_by(KeyName::RogueIntermediate, authority_name(genuine));
                let mut middle = blueprint.authority(genuine);
                middle.key = KeyName::RogueIntermediate;
                middle.signer = Some(KeyName::RogueRoot);
                vec![middle]
            }
            ChainPath::SecondRoot => {
                issued_by(KeyName::SecondRoot, authority_name(KeyName::SecondRoot));
                Vec::new()
            }
            ChainPath::SelfSigned => {
                issued_by(KeyName::Leaf(holder), holder.name());
                Vec::new()
            }
            ChainPath::ServerAuthority => {
                issued_by(KeyName::ServerRoot, authority_name(KeyName::ServerRoot));
                Vec::new()
            }
            ChainPath::Unfit(why) => {
                let key = KeyName::Unfit(why);
                issued_by(key, authority_name(key));
                vec![blueprint.authority(key)]
            }
        };
        let chain = self.chain()?;
        chain.certificates = vec![leaf];
        chain.certificates.extend(above);
        Ok(())
    }

    pub(super) fn pad(&mut self, padding: ChainPadding) -> Result<(), Unresolvable> {
        let root = self.blueprint.authority(KeyName::Root);
        let rogue = self.blueprint.authority(KeyName::RogueIntermediate);
        // An authority of Eve's with another kind of key, as long as it must be.
        let rsa = KeyName::Token(IssuerRole::Home, TokenKey::Rsa);
        let longer = CertificateSpec { key: rsa, ..rogue.clone() };
        let unrelated = [rogue, self.blueprint.authority(KeyName::ServerRoot), longer];
        // Certificates are public: whoever shook hands with somebody has theirs.
        let other = if self.stance.holder() == Some(Person::Alice) { Person::Bob } else { Person::Alice };
        let bystander = self.blueprint.leaf(other);
        let certificates = &mut self.chain()?.certificates;
        match padding {
            ChainPadding::Bystander => certificates.push(bystander),
            ChainPadding::BystanderNext => certificates.insert(1.min(certificates.len()), bystander),
            ChainPadding::Doubled => certificates.extend(certificates[1..].to_vec()),
            ChainPadding::Root => certificates.push(root),
            ChainPadding::Shuffled => certificates.insert(1, root),
            ChainPadding::Unrelated => certificates.extend(unrelated),
        }
        Ok(())
    }
}

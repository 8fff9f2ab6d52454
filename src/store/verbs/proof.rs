//! What people prove themselves with: passwords, passkeys, ties to providers. INVARIANT: a proof is added to a person in the same transaction
//! as its receipt, and by that person or whoever manages people; a password comes here only as what Argon2id made of it.

use super::people::{About, submit, told};
use super::session::{NewSession, Refusable, Sessions, begin, end, may_sign_in, told_plainly};
use crate::domain::id::{PasskeyId, TieId, UserId};
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// Sets a person's password. Every session they have ends; the browser that did it gets a new one.
#[derive(Debug)]
pub struct SetPassword {
    /// Whose.
    pub person: UserId,
    /// What Argon2id made of it, as a PHC string; `None` takes the password away.
    pub phc: Option<String>,
    /// The session of the browser that does it.
    pub session: Option<NewSession>,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Adds a passkey.
#[derive(Debug)]
pub struct AddPasskey {
    /// Names it.
    pub id: PasskeyId,
    /// Whose.
    pub person: UserId,
    /// What the authenticator calls it, in base64url.
    pub credential: String,
    /// Algorithm (COSE).
    pub algorithm: i64,
    /// Public key (COSE).
    pub public_key: Vec<u8>,
    /// How often it was used, as it says.
    pub sign_count: u32,
    /// Whether it is kept in more than one place.
    pub backed_up: bool,
    /// How the browser reaches it, space-separated.
    pub transports: String,
    /// What its person calls it.
    pub name: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Calls a passkey otherwise.
#[derive(Debug)]
pub struct RenamePasskey {
    /// Which.
    pub id: PasskeyId,
    /// Whose.
    pub person: UserId,
    /// Its new name.
    pub name: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Takes a passkey away.
#[derive(Debug)]
pub struct RemovePasskey {
    /// Which.
    pub id: PasskeyId,
    /// Whose.
    pub person: UserId,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// By what right a tie is made.
#[derive(Debug)]
pub enum Tying {
    /// Its person is signed in and wants it.
    Wanted(Permit),
    /// The provider vouches for an address that is on file for one person alone.
    Address,
}

/// Ties a person to who they are at a provider.
#[derive(Debug)]
pub struct Tie {
    /// Names it.
    pub id: TieId,
    /// Who.
    pub person: UserId,
    /// The provider's name here.
    pub provider: String,
    /// Who vouches.
    pub issuer: String,
    /// Who they are there.
    pub subject: String,
    /// By what right.
    pub tying: Tying,
    /// When.
    pub at: Timestamp,
}

/// Takes a tie away.
#[derive(Debug)]
pub struct Untie {
    /// Which.
    pub id: TieId,
    /// Whose.
    pub person: UserId,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

one_by_one!(SetPassword, (), set_password);
one_by_one!(AddPasskey, (), add_passkey);
one_by_one!(RenamePasskey, (), rename_passkey);
one_by_one!(RemovePasskey, (), remove_passkey);
one_by_one!(Tie, (), tie);
one_by_one!(Untie, (), untie);

async fn set_password(item: &SetPassword, tx: &mut Tx<'_>) -> Refusable<()> {
    if let Err(refused) = may_sign_in(&item.person, tx).await? {
        return Ok(Err(refused));
    }
    let (person, at) = (item.person.as_str(), item.at.as_microsecond());
    let about = About { kind: "password.set", subject: person, actor: &item.actor, at: item.at };
    match &item.phc {
        Some(phc) => {
            let sql = "INSERT INTO password (person, phc, at) VALUES ($1, $2, $3) \
                       ON CONFLICT (person) DO UPDATE SET phc = excluded.phc, at = excluded.at";
            tx.conn.run(sql, values![person, phc, at]).await?;
            told(&about, Some(&item.permit), &[], tx)?;
        }
        None => {
            if tx.conn.run("DELETE FROM password WHERE person = $1", values![person]).await? == 0 {
                return Ok(Err(StoreError::NotFound { what: "password of", id: person.to_owned() }));
            }
            told(&About { kind: "password.removed", ..about }, Some(&item.permit), &[], tx)?;
        }
    }
    end(&Sessions::Of(item.person.clone()), &item.actor, Some(&item.permit), item.at, tx).await?;
    if let Some(session) = &item.session {
        begin(&item.person, session, "", item.at, tx).await?;
    }
    Ok(Ok(()))
}

async fn add_passkey(item: &AddPasskey, tx: &mut Tx<'_>) -> Refusable<()> {
    if let Err(refused) = may_sign_in(&item.person, tx).await? {
        return Ok(Err(refused));
    }
    let (id, person, at) = (item.id.as_str(), item.person.as_str(), item.at.as_microsecond());
    let sql = "INSERT INTO passkey (id, person, credential, algorithm, public_key, sign_count, backed_up, transports, name, at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (credential) DO NOTHING";
    let row = values![
        id,
        person,
        &item.credential,
        item.algorithm,
        item.public_key.clone(),
        item.sign_count,
        i64::from(item.backed_up),
        &item.transports,
        &item.name,
        at
    ];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(Err(StoreError::Conflict { what: "this passkey is known here already; nothing was added".into() }));
    }
    let about = About { kind: "passkey.added", subject: person, actor: person, at: item.at };
    let digest = opspilot_sdk::sha256_hex(&item.public_key);
    let fields = [
        ("algorithm", Field::Int(item.algorithm)),
        ("backed_up", Field::Flag(item.backed_up)),
        ("passkey", Field::Text(id)),
        ("public_key", Field::Text(&digest)),
    ];
    told(&about, Some(&item.permit), &fields, tx)?;
    Ok(Ok(()))
}

async fn rename_passkey(item: &RenamePasskey, tx: &mut Tx<'_>) -> Refusable<()> {
    let (id, person) = (item.id.as_str(), item.person.as_str());
    let sql = "UPDATE passkey SET name = $3 WHERE id = $1 AND person = $2";
    if tx.conn.run(sql, values![id, person, &item.name]).await? == 0 {
        return Ok(Err(StoreError::NotFound { what: "passkey", id: id.to_owned() }));
    }
    let about = About { kind: "passkey.renamed", subject: person, actor: person, at: item.at };
    told(&about, Some(&item.permit), &[("passkey", Field::Text(id))], tx)?;
    Ok(Ok(()))
}

async fn remove_passkey(item: &RemovePasskey, tx: &mut Tx<'_>) -> Refusable<()> {
    let (id, person) = (item.id.as_str(), item.person.as_str());
    if tx.conn.run("DELETE FROM passkey WHERE id = $1 AND person = $2", values![id, person]).await? == 0 {
        return Ok(Err(StoreError::NotFound { what: "passkey", id: id.to_owned() }));
    }
    let about = About { kind: "passkey.removed", subject: person, actor: &item.actor, at: item.at };
    told(&about, Some(&item.permit), &[("passkey", Field::Text(id))], tx)?;
    Ok(Ok(()))
}

async fn tie(item: &Tie, tx: &mut Tx<'_>) -> Refusable<()> {
    if let Err(refused) = may_sign_in(&item.person, tx).await? {
        return Ok(Err(refused));
    }
    let (id, person, at) = (item.id.as_str(), item.person.as_str(), item.at.as_microsecond());
    let sql = "INSERT INTO tie (id, person, provider, issuer, subject, at) VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (issuer, subject) DO NOTHING";
    if tx.conn.run(sql, values![id, person, &item.provider, &item.issuer, &item.subject, at]).await? == 0 {
        let what = "this account of the provider is tied to a user already; untie it there first";
        return Ok(Err(StoreError::Conflict { what: what.into() }));
    }
    let about = About { kind: "tie.added", subject: person, actor: person, at: item.at };
    let by = if matches!(item.tying, Tying::Address) { "address" } else { "person" };
    let fields = [("by", Field::Text(by)), ("provider", Field::Text(&item.provider)), ("tie", Field::Text(id))];
    match &item.tying {
        Tying::Wanted(permit) => told(&about, Some(permit), &fields, tx)?,
        Tying::Address => told_plainly(&about, &fields, tx)?,
    }
    Ok(Ok(()))
}

async fn untie(item: &Untie, tx: &mut Tx<'_>) -> Refusable<()> {
    let (id, person) = (item.id.as_str(), item.person.as_str());
    if tx.conn.run("DELETE FROM tie WHERE id = $1 AND person = $2", values![id, person]).await? == 0 {
        return Ok(Err(StoreError::NotFound { what: "tie", id: id.to_owned() }));
    }
    let about = About { kind: "tie.removed", subject: person, actor: &item.actor, at: item.at };
    told(&about, Some(&item.permit), &[("tie", Field::Text(id))], tx)?;
    Ok(Ok(()))
}

submit! {
    /// Sets a person's password, or takes it away.
    set_password(SetPassword);
    /// Adds a passkey.
    add_passkey(AddPasskey);
    /// Calls a passkey otherwise.
    rename_passkey(RenamePasskey);
    /// Takes a passkey away.
    remove_passkey(RemovePasskey);
    /// Ties a person to who they are at a provider.
    tie(Tie);
    /// Takes a tie away.
    untie(Untie);
}

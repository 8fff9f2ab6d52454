//! People, for who manages them: links that let somebody in, sessions of everybody, disabling. INVARIANT: a link is shown once, to whoever made it.

use super::super::super::problem::Refused;
use super::super::layout::{self, Here, plain};
use super::super::shown::{Said, Screen, Shown};
use super::super::visit::Visit;
use super::account::list;
use crate::access::{Invited, NewPerson};
use crate::domain::id::{InvitationId, SessionId};
use crate::policy::{Action, Resource, Role, Scope};
use jiff::tz::TimeZone;
use maud::html;

pub(in crate::web::desk) async fn show(visit: Visit) -> Result<Shown, Refused> {
    screen(&visit, None).await
}

async fn screen(visit: &Visit, made: Option<(&str, &Invited)>) -> Result<Shown, Refused> {
    let web = &visit.call.app.web;
    let (caller, zone, key) = (&visit.call.caller, TimeZone::UTC, visit.key());
    let people = web.access.people(caller).await?;
    let sessions = web.access.sessions(caller, true).await?;
    let invitations = web.access.invitations(caller).await?;
    let name_of =
        |id: &str| people.iter().find(|person| person.id.as_str() == id).map_or("?", |person| person.name.as_str());
    let body = html! {
        @if let Some((name, invited)) = made {
            div.notice role="status" {
                p { "This link lets " bdi { (plain(name)) } " in once, until " (layout::moment(invited.until, &zone)) ". It is shown this once; hand it to nobody else." }
                p { code id="link" { (web.base_url) "/sign-in/link/" (invited.secret) } }
            }
        }
        section.card aria-labelledby="people" {
            h2 id="people" { "Everybody" }
            ul.cards {
                @for person in people.iter().filter(|person| person.kind == "user") {
                    li.card {
                        p {
                            strong { bdi { (plain(&person.name)) } } " "
                            @if person.disabled { span.tag.urgent { "disabled" } " " }
                            span.quiet {
                                @for (role, scope) in &person.grants { (role) " in " bdi { (plain(scope)) } ". " }
                                @if let Some(email) = person.email() { bdi { (plain(email)) } }
                            }
                        }
                        @let theirs: Vec<_> = sessions.iter().filter(|row| row.person == person.id).cloned().collect();
                        @if !theirs.is_empty() {
                            details {
                                summary { (theirs.len()) " signed in" }
                                (list(&theirs, &zone, |row| html! {
                                    form method="post" action={ "/people/sessions/" (row.id) "/end" } {
                                        (key) button.danger aria-label={ "End the session " (row.id) } { "End" }
                                    }
                                }))
                            }
                        }
                        div.row {
                            @if !person.disabled {
                                form method="post" action={ "/people/" (person.id) "/link" } { (key) button aria-label={ "Make a link for " (person.name) } { "Make a link" } }
                            }
                            @if !theirs.is_empty() {
                                form method="post" action={ "/people/" (person.id) "/sign-out" } { (key) button aria-label={ "End all sessions of " (person.name) } { "End all sessions" } }
                            }
                            @if person.id != visit.session.person {
                                @if person.disabled {
                                    form method="post" action={ "/people/" (person.id) "/enable" } { (key) button aria-label={ "Let " (person.name) " back in" } { "Let back in" } }
                                } @else {
                                    form method="post" action={ "/people/" (person.id) "/disable" } { (key) button.danger aria-label={ "Disable " (person.name) } { "Disable" } }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if !invitations.is_empty() {
            section.card aria-labelledby="links" {
                h2 id="links" { "Links that were not used yet" }
                ul.cards {
                    @for row in &invitations {
                        li.card.row {
                            span {
                                "for " bdi { (plain(name_of(row.person.as_str()))) } ", made by " bdi { (plain(name_of(&row.made_by))) }
                                ", until " (layout::moment(row.until, &zone))
                            }
                            form method="post" action={ "/people/links/" (row.id) "/end" } {
                                (key) button.danger aria-label={ "Take back the link for " (name_of(row.person.as_str())) } { "Take back" }
                            }
                        }
                    }
                }
            }
        }
        section.card aria-labelledby="add" {
            h2 id="add" { "Add a person" }
            form method="post" action="/people" {
                (key)
                label.field { span { "Name" } input name="name" required maxlength="64" autocapitalize="none" spellcheck="false" aria-describedby="name-rule";
                    small id="name-rule" { "Lowercase letters, digits, dot, underscore, hyphen." } }
                label.field { span { "E-mail address" } input type="email" name="email" maxlength="254"; }
                label.field { span { "Role" } select name="role" { @for role in Role::ALL { option value=(role) selected[role == Role::Reviewer] { (role) } } } }
                label.field { span { "Where it holds" } input name="scope" value="all" required aria-describedby="scope-rule";
                    small id="scope-rule" { code { "all" } ", " code { "tenant:NAME" } " or " code { "pilot:NAME" } } }
                button.primary { "Add and make a link" }
            }
        }
    };
    Ok(Shown::Page(Screen { title: "People".into(), here: Some(Here::People), body }))
}

fn back(said: Said) -> Shown {
    Shown::Go { to: "/people".into(), said: Some(said) }
}

/// Leave to manage people, asked before anybody is looked up.
fn manages(visit: &Visit) -> Result<(), Refused> {
    let _leave = visit.call.permit(Action::UserManage, &Resource::system())?;
    Ok(())
}

pub(in crate::web::desk) async fn add(visit: Visit) -> Result<Shown, Refused> {
    manages(&visit)?;
    let text = |name: &str| visit.form.text(name).unwrap_or_default();
    let role: Role = text("role").parse()?;
    let scope: Scope = text("scope").parse()?;
    let emails = visit.form.text("email").map(str::to_owned).into_iter().collect();
    let new = NewPerson { name: text("name").to_owned(), emails, grants: vec![(role, scope)] };
    let access = &visit.call.app.web.access;
    access.add_person(&visit.call.caller, new).await?;
    let invited = access.invite(&visit.call.caller, text("name")).await?;
    screen(&visit, Some((text("name"), &invited))).await
}

pub(in crate::web::desk) async fn link(visit: Visit) -> Result<Shown, Refused> {
    manages(&visit)?;
    let web = &visit.call.app.web;
    let name = web.store.person(visit.call.part("id")).await?.name;
    let invited = web.access.invite(&visit.call.caller, &name).await?;
    screen(&visit, Some((&name, &invited))).await
}

pub(in crate::web::desk) async fn sign_out(visit: Visit) -> Result<Shown, Refused> {
    visit.call.app.web.access.end_sessions_of(&visit.call.caller, visit.call.part("id")).await?;
    Ok(back(Said::SessionEnded))
}

pub(in crate::web::desk) async fn end_session(visit: Visit) -> Result<Shown, Refused> {
    manages(&visit)?;
    let id: SessionId = visit.call.id()?;
    visit.call.app.web.access.end_session(&visit.call.caller, &id).await?;
    Ok(back(Said::SessionEnded))
}

pub(in crate::web::desk) async fn end_link(visit: Visit) -> Result<Shown, Refused> {
    let id: InvitationId = visit.call.id()?;
    visit.call.app.web.access.end_invitation(&visit.call.caller, &id).await?;
    Ok(back(Said::LinkEnded))
}

pub(in crate::web::desk) async fn disable(visit: Visit) -> Result<Shown, Refused> {
    set_disabled(&visit, true).await
}

pub(in crate::web::desk) async fn enable(visit: Visit) -> Result<Shown, Refused> {
    set_disabled(&visit, false).await
}

async fn set_disabled(visit: &Visit, disabled: bool) -> Result<Shown, Refused> {
    manages(visit)?;
    visit.call.app.web.access.disable_person(&visit.call.caller, visit.call.part("id"), disabled).await?;
    Ok(back(if disabled { Said::Disabled } else { Said::Enabled }))
}

//! What exists at start and after a reset: two organisations with their people, and the test client.

use std::collections::{BTreeMap, BTreeSet};

use super::criteria::{Criteria, Op};
use super::id::{Id, Sequence};
use super::module::Module;
use super::org::{Org, Profile, Role, User};
use super::quota::Credits;
use super::view::View;

/// The registered client.
pub(super) const CLIENT_ID: &str = "1000.SANDBOX0CLIENT0FOR0TESTS";
/// Its secret: good for this emulator only.
pub(super) const CLIENT_SECRET: &str = "sandbox-client-secret-for-tests";
/// Scope of the refresh tokens that exist from the start.
pub(super) const SCOPE: &str = "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.users.READ,ZohoCRM.org.READ,\
ZohoCRM.notifications.ALL,ZohoCRM.coql.READ,ZohoSearch.securesearch.READ";

/// The list view whose criterion control can move records through: everybody who is not of the tier `Regular`,
/// so that a contact which a sync creates is inside.
pub(super) const KEY_ACCOUNTS: &str = "Key accounts";
/// The list view of every meeting.
pub(super) const ALL_EVENTS: &str = "All Events";
/// The list view with fixed members, empty at start.
pub(super) const HAND_PICKED: &str = "Hand-picked";

/// Refresh tokens that exist from the start: token, index of the organisation, user.
pub(super) fn refresh_tokens(orgs: &[Org]) -> Vec<(&'static str, usize, Id)> {
    let names = [
        "1000.sandbox-refresh-ana",
        "1000.sandbox-refresh-ben",
        "1000.sandbox-refresh-mei",
    ];
    let users = orgs
        .iter()
        .enumerate()
        .flat_map(|(index, org)| org.users.iter().map(move |user| (index, user.id)));
    names
        .into_iter()
        .zip(users)
        .map(|(token, (org, user))| (token, org, user))
        .collect()
}

/// The organisations: the first one is the default everywhere.
pub(super) fn orgs() -> Vec<Org> {
    vec![
        org(
            5_725_767,
            "Harbour & Hill",
            "Europe/Istanbul",
            &[
                Hired(
                    "Ana",
                    "Demir",
                    "ana@harbour-hill.example.com",
                    "Europe/Istanbul",
                    "tr_TR",
                    "Standard",
                ),
                Hired(
                    "Ben",
                    "Carter",
                    "ben@harbour-hill.example.com",
                    "America/New_York",
                    "en_US",
                    "Administrator",
                ),
            ],
        ),
        org(
            4_150_868,
            "Other Company",
            "Asia/Singapore",
            &[Hired(
                "Mei",
                "Tan",
                "mei@other-company.example.com",
                "Asia/Singapore",
                "en_SG",
                "Administrator",
            )],
        ),
    ]
}

/// An organisation that is opened later, with its only user, an administrator. Numbers count from 0.
pub(super) fn opened(number: usize, email: &str) -> Org {
    let prefix = 6_000_000 + u64::try_from(number).unwrap_or_default();
    org(
        prefix,
        "Opened Later",
        "Europe/London",
        &[Hired(
            "Noa",
            "Levi",
            email,
            "Europe/London",
            "en_GB",
            "Administrator",
        )],
    )
}

/// Given name, family name, e-mail address, zone, locale, profile.
struct Hired<'a>(
    &'static str,
    &'static str,
    &'a str,
    &'static str,
    &'static str,
    &'static str,
);

fn org(prefix: u64, company: &'static str, time_zone: &'static str, people: &[Hired<'_>]) -> Org {
    let mut ids = Sequence::new(prefix);
    let roles = roles(&mut ids);
    let profiles: Vec<Profile> = ["Administrator", "Standard"]
        .into_iter()
        .map(|name| Profile {
            id: ids.next(),
            name,
            denied: BTreeSet::new(),
        })
        .collect();
    let users = people
        .iter()
        .map(
            |Hired(first_name, last_name, email, time_zone, locale, profile)| User {
                id: ids.next(),
                zuid: format!("{}{:04}", prefix % 1_000_000, email.len()),
                first_name,
                last_name,
                email: (*email).to_owned(),
                time_zone: (*time_zone).to_owned(),
                locale,
                role: roles[usize::from(*profile != "Administrator")].id,
                profile: profiles[usize::from(*profile != "Administrator")].id,
            },
        )
        .collect();
    let mut modules = vec![Module::contacts(&mut ids), Module::accounts(&mut ids)];
    let views = views(&mut ids);
    modules.extend([Module::leads(&mut ids), Module::events(&mut ids)]);
    Org {
        zgid: format!("{prefix}1"),
        company,
        time_zone,
        users,
        profiles,
        roles,
        modules,
        views,
        ids,
        channels: BTreeMap::new(),
        workflows: Vec::new(),
        credits: Credits::default(),
    }
}

fn roles(ids: &mut Sequence) -> Vec<Role> {
    let top = ids.next();
    vec![
        Role {
            id: top,
            name: "CEO",
            reporting_to: None,
        },
        Role {
            id: ids.next(),
            name: "Manager",
            reporting_to: Some(top),
        },
    ]
}

fn views(ids: &mut Sequence) -> Vec<View> {
    let mut view = |module: &str, name: &str| View::all(ids.next(), module, name);
    vec![
        View {
            system_name: Some("ALLVIEWS"),
            ..view("Contacts", "All Contacts")
        },
        View {
            system_name: Some("MYVIEWS"),
            own_only: true,
            ..view("Contacts", "My Contacts")
        },
        View {
            criteria: Some(Criteria::test("Tier", Op::NotEqual, "Regular")),
            ..view("Contacts", KEY_ACCOUNTS)
        },
        View {
            members: Some(BTreeSet::new()),
            ..view("Contacts", HAND_PICKED)
        },
        View {
            system_name: Some("ALLVIEWS"),
            ..view("Accounts", "All Accounts")
        },
        View {
            system_name: Some("ALLVIEWS"),
            ..view("Leads", "All Leads")
        },
        View {
            system_name: Some("ALLVIEWS"),
            ..view("Events", ALL_EVENTS)
        },
        View {
            system_name: Some("MYVIEWS"),
            own_only: true,
            ..view("Events", "My Events")
        },
    ]
}

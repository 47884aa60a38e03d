//! A person, in no provider's words: each emulator turns it into its own records.

use super::names::{
    AREA_CODES, CITIES, COMPANIES, DEPARTMENTS, DRAMA_RANGES, FAMILY, GIVEN, TITLES,
};

/// What a value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Work,
    Home,
    Mobile,
}

/// A value with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labelled {
    pub(crate) label: Label,
    pub(crate) value: String,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) label: Label,
    pub(crate) street: String,
    pub(crate) city: String,
    pub(crate) region: Option<String>,
    pub(crate) postal_code: String,
    pub(crate) country: String,
}

/// A birthday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Birthday {
    pub(crate) year: i16,
    pub(crate) month: i8,
    pub(crate) day: i8,
}

/// One record of an address book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) given: Option<String>,
    pub(crate) family: Option<String>,
    pub(crate) company: Option<String>,
    pub(crate) department: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) emails: Vec<Labelled>,
    pub(crate) phones: Vec<Labelled>,
    pub(crate) addresses: Vec<Address>,
    pub(crate) birthday: Option<Birthday>,
    pub(crate) note: Option<String>,
}

/// Invents the `number`-th person; `roll` decides the details. The number is in the e-mail address, so that no two
/// people share one by chance.
pub(crate) fn invent(number: usize, roll: u64) -> Person {
    let mut die = Die(roll);
    let given = die.pick(GIVEN);
    let family = die.pick(FAMILY);
    let domain = die.pick(&["example.com", "example.org", "example.net"]);
    let mut person = Person {
        given: Some(given.to_owned()),
        family: Some(family.to_owned()),
        emails: vec![Labelled {
            label: Label::Work,
            value: format!("{}.{}.{number}@{domain}", ascii(given), ascii(family)),
        }],
        phones: vec![Labelled {
            label: Label::Work,
            value: phone(number, Label::Work),
        }],
        ..Person::default()
    };
    if die.one_in(2) {
        person.company = Some(die.pick(COMPANIES).to_owned());
        person.title = Some(die.pick(TITLES).to_owned());
    }
    if die.one_in(4) {
        person.department = Some(die.pick(DEPARTMENTS).to_owned());
    }
    if die.one_in(3) {
        person.phones.push(Labelled {
            label: Label::Mobile,
            value: phone(number, Label::Mobile),
        });
    }
    if die.one_in(6) {
        person.emails.push(Labelled {
            label: Label::Home,
            value: format!("home.{}.{number}@example.net", ascii(given)),
        });
    }
    if die.one_in(3) {
        person.addresses.push(address(number, &mut die));
    }
    if die.one_in(5) {
        person.birthday = Some(birthday(&mut die));
    }
    if die.one_in(6) {
        person.note = Some(format!("Met at the {} stand.", die.pick(COMPANIES)));
    }
    person
}

/// A number kept for fiction: Ofcom's drama ranges for landlines, 555-01xx for mobiles. Each holds 16000, so
/// that in a book of up to 10000 no two people in scope share one by chance.
fn phone(number: usize, label: Label) -> String {
    let (hundreds, rest) = (number / 100, number % 100);
    if label == Label::Mobile {
        let area = AREA_CODES[hundreds % AREA_CODES.len()];
        return format!("+1{area}55501{rest:02}");
    }
    let range = DRAMA_RANGES[number / 1000 % DRAMA_RANGES.len()];
    format!("+44{range}{:03}", number % 1000)
}

fn address(number: usize, die: &mut Die) -> Address {
    let (city, region, postal_code, country) = die.pick(CITIES);
    Address {
        label: Label::Work,
        street: format!("{} Example Street", number % 300 + 1),
        city: city.to_owned(),
        region: (!region.is_empty()).then(|| region.to_owned()),
        postal_code: postal_code.to_owned(),
        country: country.to_owned(),
    }
}

fn birthday(die: &mut Die) -> Birthday {
    let mut upto = |bound: u64| i8::try_from(die.roll(bound)).unwrap_or(0);
    let (month, day) = (upto(12) + 1, upto(28) + 1);
    Birthday {
        year: 1950 + i16::from(upto(50)),
        month,
        day,
    }
}

fn ascii(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_lowercase()
}

/// Draws small numbers out of one big one (an xorshift step each).
struct Die(u64);

impl Die {
    fn roll(&mut self, bound: u64) -> u64 {
        self.0 |= 1;
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.roll(bound) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = usize::try_from(self.roll(from.len() as u64)).unwrap_or(0);
        from[index]
    }
}

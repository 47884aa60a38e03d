//! The words that people are made of.

pub(super) const GIVEN: &[&str] = &[
    "Ana", "Ben", "Chidi", "Dora", "Emil", "Farah", "Goran", "Hana", "Imre", "Jana", "Kofi",
    "Lena", "Mateo", "Nadia", "Olu", "Petra", "Quentin", "Rosa", "Sven", "Tara", "Umar", "Vera",
    "Wim", "Xenia", "Yusuf", "Zoe", "André", "Björn", "Chloë", "Inés", "Jürgen", "Łukasz", "Noël",
    "Siân",
];

pub(super) const FAMILY: &[&str] = &[
    "Adler",
    "Baker",
    "Castillo",
    "Dimitrov",
    "Eriksen",
    "Fontaine",
    "Gruber",
    "Haddad",
    "Ivanov",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Quist",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Ueda",
    "Vogel",
    "Weber",
    "Xu",
    "Yilmaz",
    "Zeman",
    "Ångström",
    "Çelik",
    "García López",
    "Müller",
    "O'Brien",
    "Smith-Jones",
    "Søndergaard",
    "van der Berg",
    "Wójcik",
];

pub(super) const COMPANIES: &[&str] = &[
    "Acme",
    "Blue Harbour",
    "Copper & Sons",
    "Dune Analytics",
    "Elm Street Press",
    "Fjord Energy",
    "Granite Works",
    "Harvest Foods",
    "Initech",
    "Juniper Lane",
    "Kite Robotics",
    "Lumen Labs",
];

pub(super) const TITLES: &[&str] = &[
    "Accountant",
    "Buyer",
    "Consultant",
    "Designer",
    "Engineer",
    "Head of Sales",
    "Managing Director",
    "Office Manager",
    "Project Lead",
    "Researcher",
];

pub(super) const DEPARTMENTS: &[&str] = &["Finance", "Legal", "Marketing", "Operations", "Sales"];

/// City, region, postal code, country.
pub(super) const CITIES: &[(&str, &str, &str, &str)] = &[
    ("Vienna", "", "1010", "Austria"),
    ("Berlin", "", "10115", "Germany"),
    ("Lyon", "", "69001", "France"),
    ("Austin", "TX", "73301", "United States"),
    ("Leeds", "West Yorkshire", "LS1 4AP", "United Kingdom"),
    ("Toronto", "ON", "M5H 2N2", "Canada"),
];

/// Beginnings of the British numbers that Ofcom keeps for drama; three digits follow.
pub(super) const DRAMA_RANGES: &[&str] = &[
    "1134960", "1144960", "1154960", "1164960", "1174960", "1184960", "1214960", "1314960",
    "1414960", "1514960", "1614960", "2079460", "1914980", "2896496", "2920180", "1632960",
];

/// North American area codes; 555-0100 to 555-0199 is kept for fiction in each.
pub(super) const AREA_CODES: &[u16] = &[
    201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225,
    228, 229, 231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281,
    301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321,
    323, 325, 330, 334, 336, 337, 339, 351, 352, 360, 361, 386, 401, 402, 404, 405, 406, 407, 408,
    409, 410, 412, 413, 414, 415, 417, 419, 423, 424, 425, 432, 434, 435, 440, 443, 478, 479, 480,
    484, 501, 502, 503, 504, 505, 507, 508, 509, 510, 512, 513, 515, 516, 517, 518, 520, 530, 540,
    541, 551, 559, 561, 562, 563, 567, 570, 571, 573, 574, 575, 580, 585, 586, 601, 602, 603, 605,
    606, 607, 608, 609, 610, 612, 614, 615, 616, 617, 618, 619, 620, 623, 626, 630, 631, 636, 641,
    646, 650,
];

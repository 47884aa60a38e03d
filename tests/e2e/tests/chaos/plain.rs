//! Nothing breaks: what the verdict asks for is true of a day on which people only type.

use crate::{kind::Kind, stage::Stage};

// proves: P3, P4, P9
#[tokio::test]
async fn two_calendars_become_one_while_people_go_on_using_both() {
    let mut stage = Stage::new(Kind::Meetings).await;
    stage.apply("").await;
    stage.people_type(10).await;
    stage.in_flight().await;
    stage.people_type(10).await;
    stage.quiet().await;
    stage.people_type(20).await;
    stage.ends_well().await;
}

//! Each role dies at each of its named points, with work in flight; see `kit::point`.

use crate::stage::Stage;

// proves: P1, P2, P3
#[tokio::test]
async fn the_reconciler_dies_at_each_of_its_points() {
    let mut stage = Stage::new().await;
    stage
        .system
        .arm("reconciler", "reconciler.ingested:3")
        .await
        .unwrap();
    stage.apply("").await;
    stage
        .system
        .revive("reconciler", crate::stage::SOON)
        .await
        .unwrap();
    for point in [
        "reconciler.planned",
        "reconciler.released",
        "reconciler.claimed",
        "reconciler.answered",
        "reconciler.noticed",
    ] {
        stage.dies_at("reconciler", point).await;
    }
    stage.ends_well().await;
}

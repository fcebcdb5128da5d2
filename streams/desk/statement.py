"""From facts and clicks to the alert that a person sees.

The one rule: an alert is a function of its facts, its clicks and the catalog alone; it holds no trace of the order in
which they arrived. Its times stand on the store's own clock (with its offset), so that no reader needs the zone,
and its `at` is the finding's: where a signal stood on its topic depends on who else spoke meanwhile.
"""

from __future__ import annotations

from schemas.alerts import Alert, ModelRef, Names
from schemas.quantities import to_datetime
from streams.desk.clicks import Clicks
from streams.desk.facts import Facts
from streams.desk.ordering import recommend
from streams.desk.phrases import Scene
from streams.desk.sentences import clears_if, summary_of
from streams.desk.standing import covers, resolved_at_ms, revision_of, state_of


def state_alert(facts: Facts, clicks: Clicks, scene: Scene) -> Alert:
    """Return the alert as it stands now.

    Parameters
    ----------
    facts, clicks
        Both folds of the alert.
    scene
        Its newest finding among what the catalog knows.
    """
    finding = facts.finding
    resolved_ms = resolved_at_ms(facts, clicks)
    acked = clicks.acked if covers(clicks.acked, facts) else None
    return Alert(
        alert_id=facts.alert_id,
        revision=revision_of(facts, clicks),
        kind=finding.kind,
        severity=finding.severity,
        state=state_of(facts, clicks),
        early=finding.early,
        store_id=finding.store_id,
        sku=finding.sku,
        source=finding.source,
        names=_names(clicks, scene),
        opened_at=scene.local(to_datetime(facts.opened_ms)),
        updated_at=scene.local(to_datetime(max(facts.updated_ms, clicks.updated_ms or facts.updated_ms))),
        resolved_at=None if resolved_ms is None else scene.local(to_datetime(resolved_ms)),
        summary=summary_of(scene),
        evidence=finding.evidence,
        times={name: scene.local(at) for name, at in finding.times.items()},
        reasons=finding.reasons,
        causes=finding.causes,
        money_at_risk=finding.money_at_risk,
        currency=scene.currency,
        action=recommend(scene),
        clears_if=clears_if(scene),
        acknowledged_by=None if acked is None else acked.actor,
        acknowledged_at=None if acked is None else scene.local(to_datetime(acked.at_ms)),
        model=_model(facts),
        origin=finding.origin,
        at=finding.at,
    )


def _names(clicks: Clicks, scene: Scene) -> Names:
    """Names as the catalog has them; whom the alert was assigned to stands for the store's manager."""
    product, store = scene.product, scene.store
    return Names(
        product=product.name if product else None,
        store=store.name if store else None,
        category=product.category if product else None,
        manager=clicks.assignee or (store.manager if store else None),
    )


def _model(facts: Facts) -> ModelRef | None:
    name = facts.finding.model
    return None if name is None else ModelRef(name=name, version=facts.finding.model_version or 1)

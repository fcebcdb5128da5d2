"""What each kind of alert says: one sentence, one thing to do, one condition that clears it.

The table stands at the end (`WORDINGS`); above it the sentences that need more than one clause. Names, numbers and
times come through :class:`streams.desk.phrases.Scene`.

The one rule: a clause whose number is unknown is left out, and what is left is still a plain English sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from schemas.signals import AlertKind
from streams.desk.because import causes_in_words, changes_in_words, demand_in_words
from streams.desk.phrases import Scene, clip, percent

Phrase = Callable[[Scene], str]

#: A risk from which a shelf "will probably" run out.
_PROBABLE: Final = 0.5

#: Longest sentence that the contract of an alert takes.
MAX_TEXT: Final = 500


class Wording(NamedTuple):
    """The words of one kind."""

    summary: Phrase
    action: Phrase
    clears_if: Phrase


def summary_of(scene: Scene) -> str:
    """Return what has happened, in one plain sentence."""
    text = WORDINGS[scene.finding.kind].summary(scene)
    if scene.finding.early:
        text = f"Early sign: {text}"
    return clip(_sentence(text), MAX_TEXT)


def action_of(scene: Scene) -> str:
    """Return what to do, without how many and by when."""
    return clip(_sentence(WORDINGS[scene.finding.kind].action(scene)), MAX_TEXT)


def clears_if(scene: Scene) -> str:
    """Return what must happen for the alert to clear."""
    return clip(_sentence(WORDINGS[scene.finding.kind].clears_if(scene)), MAX_TEXT)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _with(template: str, *values: str | None, instead: str = "") -> str:
    """Fill the template when every value is known, else say something else (nothing by default)."""
    return instead if None in values else template.format(*values)


def _stockout_risk(scene: Scene) -> str:
    when = _with(" around {}", scene.when("runs_out_p50"))
    between = _with(" (between {} and {})", scene.when("runs_out_p10"), scene.when("runs_out_p90"))
    risk = _with(" (risk {})", scene.share("risk_share")) if not when else ""
    clauses = (
        _with("{} left", scene.units("on_hand_units")),
        _with("{} on order", scene.units("on_order_units")) if scene.value("on_order_units") else "",
        _with("{} of them overdue", scene.number("overdue_units")) if scene.value("overdue_units") else "",
        _with("demand of about {}{}", scene.rate("demand_per_day_units"), demand_in_words(scene)),
        _with("a delivery takes {}", scene.days("lead_time_days")),
    )
    why = ", ".join(clause for clause in clauses if clause)
    share = scene.value("risk_share")
    likely = "may" if share is not None and share < _PROBABLE else "will probably"
    head = f"{scene.subject} {likely} run out{when}{between}{risk}, before a new order can arrive"
    return f"{head}: {why}" if why else head


def _stockout(scene: Scene) -> str:
    lost = _with("; about {} of demand will be lost", scene.units("lost_units"))
    back = _with(" until goods arrive on {}", scene.when("next_delivery"))
    return f"{scene.subject} is sold out{lost}{back}"


def _suspected_stockout(scene: Scene) -> str:
    run = _with("has sold nothing for {}", scene.span("zero_periods"), instead="has stopped selling")
    chance = _with(" (chance of that: {})", scene.share("probability_share"))
    return f"{scene.subject} {run} although it is in demand{chance}, so the shelf may be empty"


def _drift(scene: Scene) -> str:
    if scene.value("pattern_shift_slots") is not None:
        return _season(scene)
    before, after = scene.value("level_before_units"), scene.value("level_after_units")
    verb = "changed" if before is None or after is None else "risen" if after > before else "fallen"
    levels = _with(
        " from about {} to {}", scene.number("level_before_units"), scene.rate("level_after_units"), instead=" level"
    )
    since = _with(" since {}", scene.when("since"))
    seen = "; Page-Hinkley has seen it too" if scene.value("page_hinkley_periods_ago") is not None else ""
    why = f"{causes_in_words(scene)}{changes_in_words(scene)}"
    return f"Demand for {scene.drifting} has {verb}{levels}{since}, and it looks lasting{seen}{why}"


def _season(scene: Scene) -> str:
    level = _with(" while its level of about {} stands", scene.rate("level_after_units"))
    since = _with(" since {}", scene.when("since"))
    why = f"{causes_in_words(scene)}{changes_in_words(scene)}"
    return f"Demand for {scene.drifting} comes at other times of the season than it did{since},{level}{why}"


def _pace(verb: str) -> Phrase:
    def phrase(scene: Scene) -> str:
        sold = _with(": {} sold so far, about {} expected", scene.number("sold_units"), scene.number("expected_units"))
        chance = _with(" (chance of that: {})", scene.share("probability_share"))
        why = f"{causes_in_words(scene)}{changes_in_words(scene)}"
        return f"{scene.subject} is selling {verb} than expected{sold}{chance}{why}"

    return phrase


def _undercut(scene: Scene) -> str:
    theirs = _with(" for {}", scene.price("rival_price"))
    ours = _with(", while we ask {}", scene.price("our_price"))
    gap = _with(" ({} more)", scene.share("price_gap_share")) if (scene.value("price_gap_share") or 0) > 0 else ""
    return f"{scene.source_name} sells {scene.product_name}{theirs}{ours}{gap if ours else ''}{_at_store(scene)}"


def _promotion(scene: Scene) -> str:
    theirs = _with(" at {}", scene.price("rival_price"))
    ours = _with(" (ours: {})", scene.price("our_price"))
    return f"{scene.source_name} has {scene.product_name} on promotion{theirs}{ours}"


def _rival_empty(scene: Scene) -> str:
    return f"{scene.source_name} is out of {scene.product_name}, so more of its customers may come to us"


def _strategy(scene: Scene) -> str:
    about = f" of {scene.product_name}" if scene.finding.sku else ""
    return f"{scene.source_name} has changed the way it sets its prices{about}"


def _excess(scene: Scene) -> str:
    cover = _with(
        "has stock for about {} days", scene.number("days_of_cover"), instead="has far more stock than it will sell"
    )
    life = scene.value("shelf_life_days")
    spoils = life is not None and (scene.value("days_of_cover") or 0.0) > life
    clauses = (
        _with("{} on hand", scene.units("on_hand_units")),
        _with("{} would do", scene.number("order_up_to_units")),
        _with("it keeps for {} days", scene.number("shelf_life_days")) if spoils else "",
    )
    why = ", ".join(clause for clause in clauses if clause)
    return f"{scene.subject} {cover}{f' ({why})' if why else ''}"


def _lead_time(scene: Scene) -> str:
    took = _with(" now take {} days", scene.number("lead_time_days"), instead=" no longer take as long as they did")
    usual = _with(" instead of {}", scene.number("expected_days"))
    late = _with(" now come {} days late", scene.number("days_late"))
    if late and not usual:
        took, usual = late, _with(", against {} before", scene.number("usual_days_late"))
    who = scene.subject if scene.finding.sku else scene.source_name
    return f"Deliveries {'of' if scene.finding.sku else 'from'} {who}{took}{usual}"


def _stale(scene: Scene) -> str:
    who = scene.store_name if scene.finding.store_id else scene.source_name
    hours = _with(" for {}", scene.span("silent_hours"))
    expected = _with(", when about {} should have sold", scene.units("expected_units"))
    return f"Nothing has been heard from {who}{hours}{expected}: the feed is probably down"


def _degraded(scene: Scene) -> str:
    bias = scene.value("bias_share")
    clauses = (
        _with(
            "an error of {} where last season's numbers give {}",
            scene.share("error_share"), scene.share("naive_error_share"),
        ),
        _with("demand within the upper 90 % bound {} of the time", scene.share("coverage_share")),
        "" if bias is None else f"{percent(abs(bias))} too {'high' if bias > 0 else 'low'} on the whole",
    )  # fmt: skip
    why = ", ".join(clause for clause in clauses if clause)
    since = _with(" for {}", scene.span("poor_periods"))
    return f"Forecasts for {scene.source_name} have been poor{since}{f': {why}' if why else ''}"


def _at_store(scene: Scene) -> str:
    return f" at {scene.store_name}" if scene.finding.store_id else ""


def _order(scene: Scene) -> str:
    supplier = scene.terms.supplier if scene.terms else scene.product.supplier if scene.product else None
    overdue = scene.units("overdue_units") if scene.value("overdue_units") else None
    if overdue is not None and scene.value("order_units") == 0:
        return f"ask {supplier or 'the supplier'} for the {overdue} that are overdue at {scene.store_name}"
    return f"order {scene.product_name}{_with(' from {}', supplier)} for {scene.store_name}"


def _plan_level(scene: Scene) -> str:
    if scene.value("pattern_shift_slots") is not None:
        return f"look at the days on which {scene.product_name} sells now, and move deliveries and staff with them"
    level = _with(": plan for about {}", scene.rate("level_after_units"))
    return f"review order sizes and shelf space of {scene.product_name}{level}"


def _match_price(scene: Scene) -> str:
    return f"decide whether to match {scene.source_name}{_with(' at {}', scene.price('rival_price'))}"


def _check_feed(scene: Scene) -> str:
    who = scene.store_name if scene.finding.store_id else scene.source_name
    return f"check the connection of {who}; until it is back, its alerts about missing sales are held"


def _enough(scene: Scene) -> str:
    level = scene.units("clears_at_units")
    return _with("stock on hand rises above {}", level, instead="stock again covers demand until a new order arrives")


def _fixed(text: str) -> Phrase:
    def phrase(_: Scene) -> str:
        return text

    return phrase


_BACK_TO_USUAL = _fixed("sales are back in line with the forecast")
_OFFER_ENDS = _fixed("the rival's price or shelf is back to usual for six hours")

WORDINGS: Final[Mapping[AlertKind, Wording]] = {
    "stockout_risk": Wording(_stockout_risk, _order, _enough),
    "stockout": Wording(_stockout, _order, _fixed("goods arrive, or a count finds some")),
    "suspected_stockout": Wording(
        _suspected_stockout,
        _fixed("look at the shelf and the back room, and count what is there"),
        _fixed("it sells again, or a count confirms that there is stock"),
    ),
    "demand_drift": Wording(_drift, _plan_level, _fixed("the forecast has settled on the new level for a day")),
    "demand_surge": Wording(
        _pace("much faster"), _fixed("check the stock on hand and bring the next order forward"), _BACK_TO_USUAL
    ),
    "demand_slump": Wording(
        _pace("much slower"), _fixed("check shelf, price label and till before cutting orders"), _BACK_TO_USUAL
    ),
    "competitor_undercut": Wording(_undercut, _match_price, _OFFER_ENDS),
    "competitor_promotion": Wording(_promotion, _match_price, _OFFER_ENDS),
    "competitor_out_of_stock": Wording(
        _rival_empty, _fixed("check that there is stock for extra demand, and hold the price"), _OFFER_ENDS
    ),
    "rival_strategy_shift": Wording(
        _strategy, _fixed("look at the rival's prices of the last weeks"), _fixed("its prices are steady for a day")
    ),
    "excess_stock": Wording(
        _excess, _fixed("hold new orders, move stock to another store or mark it down"), _fixed("cover is normal again")
    ),
    "lead_time_deviation": Wording(
        _lead_time, _fixed("ask the supplier, and plan with the new lead time"), _fixed("deliveries come as agreed")
    ),
    "stale_feed": Wording(_stale, _check_feed, _fixed("a sale or a status comes in again")),
    "broken_scrape": Wording(
        lambda scene: f"Prices of {scene.source_name} can no longer be read from its pages",
        _fixed("have the reader of these pages mended; its old prices are not used"),
        _fixed("plausible prices are read again for six hours"),
    ),
    "forecast_degraded": Wording(
        _degraded,
        _fixed("check order proposals of the category by hand, and see what has changed in it"),
        _fixed("error, bias and coverage are in order again for seven periods"),
    ),
}

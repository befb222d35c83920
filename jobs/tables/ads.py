"""Ads: what was played of them, as far as settling campaigns needs it."""

from jobs.tables.declare import BOOLEAN, STRING, TIMESTAMP, Column, Table
from jobs.tables.silver import LISTEN_DAY

AD_PLAYS = Table(
    name="silver/ad_plays",
    about="One row a listen, arrangement and slot: a play of an ad, and whether its campaign is billed for it. "
    "Nothing writes it yet; `cpm` programs are settled from it once it is there.",
    columns=(
        Column("listen_id", STRING, "The listen in which it was played."),
        Column("arrangement_id", STRING, "What the episode's file held then."),
        Column("slot", STRING, "Slot of that arrangement."),
        Column("campaign_id", STRING, "Campaign, as campaigns.csv names it."),
        Column("show_id", STRING, "Show of the listen."),
        LISTEN_DAY,
        Column("billable", BOOLEAN, "Whether it is billed: tier reached, within cap, goal and late window."),
        Column(
            "tier_received_at",
            TIMESTAMP,
            "When the record was received with which it reached the campaign's tier, UTC; null where it did not.",
            nullable=True,
            check="tier_received_at IS NOT NULL OR NOT billable",
        ),
    ),
    key=("listen_id", "arrangement_id", "slot"),
    skip_by=("listen_day", "campaign_id"),
    cluster_by=("listen_day",),
    published=False,
)

"""What rules that hold listens cost: the part of each show's amount that stands on hold by a rule."""


def rule_costs(settled: str, holds: str, allocations: str) -> str:
    """Rows of ``gold/rule_costs`` of the runs whose allocations these are.

    ``settled`` are their rows of ``gold/listen_settlements``, ``holds`` the ``listen_id, rule`` there are. As in
    ``weights`` and ``allocation``, a held part is what is left when the other part is rounded down: a rule that holds
    alone costs what stands on hold; where several hold one listen each is told with all of it.
    """
    return f"""
        WITH held AS (
            SELECT s.*, h.rule FROM {settled} AS s JOIN (SELECT DISTINCT listen_id, rule FROM {holds}) AS h
                USING (listen_id)
            WHERE s.class = 'held'
        ),
        by_listener AS (
            SELECT run_id, rule, listener_id, show_id, valid_from, count(*) AS listens,
                sum(heard_ms)::HUGEINT AS raw_held, any_value(raw_weight)::HUGEINT AS raw,
                any_value(scaled_weight)::HUGEINT AS weight
            FROM held GROUP BY run_id, rule, listener_id, show_id, valid_from
        ),
        by_item AS (
            SELECT run_id, rule, show_id, valid_from, sum(listens) AS listens, list(listener_id) AS listeners,
                sum(if(raw = 0, 0, weight - weight * (raw - raw_held) // raw))::HUGEINT AS held_weight
            FROM by_listener GROUP BY run_id, rule, show_id, valid_from
        ),
        items AS (
            SELECT DISTINCT run_id, program, period, currency, campaign_id, show_id, valid_from,
                weight::HUGEINT AS weight, item_minor::HUGEINT AS item_minor
            FROM {allocations}
        )
        SELECT run_id, program, period, currency, show_id, rule, sum(listens)::BIGINT AS listens,
            len(list_distinct(flatten(list(listeners))))::BIGINT AS listeners,
            sum(if(weight = 0, 0, item_minor - item_minor * (weight - held_weight) // weight))::BIGINT AS cost_minor
        FROM by_item AS b JOIN items AS i USING (run_id, show_id)
        WHERE b.valid_from IS NOT DISTINCT FROM i.valid_from
        GROUP BY run_id, program, period, currency, show_id, rule"""

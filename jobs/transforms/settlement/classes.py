"""What became of each listen in a run."""


def settled_listens(listens: str, weighed: str, runs: str) -> str:
    """Rows of ``gold/listen_settlements``: each listen and run with its class, and the weights of its item.

    ``listens`` are those of ``weights.by_listening``, whose ``standing`` is what they are in every program: the first
    that applies of ``invalid``, ``too_short``, ``not_payable``, ``late``, ``void`` and ``held``, or else ``payable``.
    """
    return f"""
        SELECT r.run_id, l.listen_id, l.listener_id, l.listen_day, l.show_id, l.valid_from, CASE l.standing
                WHEN 'payable' THEN if(l.valid_from IS NULL, 'unassigned', 'paid') ELSE l.standing END AS class,
            l.heard_ms, coalesce(w.raw, 0) AS raw_weight, coalesce(w.weight, 0) AS scaled_weight
        FROM {listens} AS l JOIN {runs} AS r USING (run_no)
        LEFT JOIN {weighed} AS w ON w.run_no = l.run_no AND w.listener_id = l.listener_id AND w.show_id = l.show_id
            AND w.valid_from IS NOT DISTINCT FROM l.valid_from"""


def late_listens(listens: str, runs: str, settled: str, posted: str, pay_claimed: bool) -> str:
    """Rows of ``gold/listen_settlements`` for listens of final months that no posted run of their program knows.

    ``listens`` are those of ``weights.of_runs`` over the final months; ``settled`` the rows there are, ``posted`` the
    ``run_id, program`` of what was posted. Of what is neither invalid, too short nor not payable the class is ``late``.
    """
    not_payable = "false" if pay_claimed else "l.evidence = 'claimed'"
    return f"""
        SELECT r.run_id, l.listen_id, l.listener_id, l.listen_day, l.show_id, l.valid_from,
            CASE WHEN status <> 'counted' THEN status WHEN {not_payable} THEN 'not_payable' ELSE 'late' END AS class,
            l.heard_ms, 0 AS raw_weight, 0 AS scaled_weight
        FROM {listens} AS l JOIN {runs} AS r USING (run_no)
        ANTI JOIN (SELECT listen_id, program FROM {settled} JOIN {posted} USING (run_id)) AS s
            ON s.listen_id = l.listen_id AND s.program = r.program"""

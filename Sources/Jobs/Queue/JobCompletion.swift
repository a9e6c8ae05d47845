import Persistence

extension JobsMigrations {
    /// Completes many jobs for one statement's cost. One by one within: joined with an array, the planner may walk the whole index of
    /// running jobs, with all that have run lately, and conflict with whoever claims one.
    static let jobCompletion = Migration("jobs-003-completing-many") { transaction in
        guard transaction.dialect == .postgres else { return }
        try transaction.execute(
            """
            CREATE FUNCTION jobs_complete(moments BIGINT[], ids BIGINT[], leases BIGINT[]) RETURNS SETOF BIGINT
            LANGUAGE plpgsql AS $$
            BEGIN
                FOR number IN 1 .. cardinality(ids) LOOP
                    UPDATE jobs SET state = 'completed', finished_at = moments[number], worker_id = NULL, lane = NULL
                    WHERE id = ids[number] AND state = 'running' AND claims = leases[number];
                    IF FOUND THEN RETURN NEXT number; END IF;
                END LOOP;
            END $$
            """)
    }
}

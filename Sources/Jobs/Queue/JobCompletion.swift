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

    /// The same, each job found by its number whatever the planner believes of the index of running jobs: one that began with an
    /// empty table walked that index for every job, a third of the server's time at 64 jobs in flight.
    static let jobCompletionByNumber = Migration("jobs-004-completing-by-number") { transaction in
        guard transaction.dialect == .postgres else { return }
        try transaction.execute(
            """
            CREATE OR REPLACE FUNCTION jobs_complete(moments BIGINT[], ids BIGINT[], leases BIGINT[]) RETURNS SETOF BIGINT
            LANGUAGE plpgsql AS $$
            BEGIN
                FOR number IN 1 .. cardinality(ids) LOOP
                    UPDATE jobs SET state = 'completed', finished_at = moments[number], worker_id = NULL, lane = NULL
                    WHERE id = ids[number] AND \(raw: JobStore.isRunning) AND claims = leases[number];
                    IF FOUND THEN RETURN NEXT number; END IF;
                END LOOP;
            END $$
            """)
    }
}

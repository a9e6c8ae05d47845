import Persistence

extension JobsMigrations {
    /// PostgreSQL reads a table's conditions anew from their stored text in every statement that writes to it: fifteen of them were
    /// a third of what storing a job took there. One that calls a function, which each session compiles once, says the same.
    static let jobRowCheck = Migration("jobs-002-one-check") { transaction in
        guard transaction.dialect == .postgres else { return }
        try transaction.execute(rowIsWhole)
        try transaction.execute(dropConditions)
        try transaction.execute("ALTER TABLE jobs ADD CONSTRAINT jobs_row_is_whole CHECK (jobs_row_is_whole(jobs))")
    }

    /// The conditions of ``jobTables``.
    private static let rowIsWhole: SQL = """
        CREATE FUNCTION jobs_row_is_whole(job jobs) RETURNS BOOLEAN LANGUAGE plpgsql IMMUTABLE AS $$
        BEGIN
            RETURN job.state IN ('ready', 'running', 'completed', 'delayed', 'waiting', 'dead', 'discarded', 'cancelled')
                AND (job.state = 'running') = (job.worker_id IS NOT NULL)
                AND (job.state IN ('completed', 'discarded', 'cancelled')) = (job.finished_at IS NOT NULL)
                AND (job.state <> 'waiting' OR job.lane IS NOT NULL)
                AND (job.lane IS NULL OR (job.finished_at IS NULL AND job.lane = job.serial_key))
                AND job.attempts >= 1 AND COALESCE(job.timeout, 1) > 0
                AND job.maximum_rescues >= 0 AND job.claims >= 0 AND job.failures >= 0 AND job.rescues >= 0
                AND job.is_discarded_when_exhausted IN (0, 1) AND job.dead_letter_holds_key IN (0, 1)
                AND job.is_removed_when_finished IN (0, 1) AND job.is_cancel_requested IN (0, 1);
        END $$
        """

    private static let dropConditions: SQL = """
        DO $$ DECLARE condition TEXT; BEGIN
            FOR condition IN
                SELECT conname FROM pg_constraint WHERE conrelid = 'jobs'::regclass AND contype = 'c' ORDER BY conname
            LOOP EXECUTE format('ALTER TABLE jobs DROP CONSTRAINT %I', condition); END LOOP;
        END $$
        """
}

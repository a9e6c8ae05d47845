public import Persistence

/// The tables of jobs, messages, receipts and sagas. Appended to, never changed.
public enum JobsMigrations {
    public static let all: [Migration] = [jobTables, jobRowCheck, jobCompletion, jobCompletionByNumber, jobDeath]
}

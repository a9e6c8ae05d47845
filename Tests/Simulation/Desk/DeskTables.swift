import Jobs
import Ledger
import Persistence

/// The desk's own tables, and what of all tables is journaled.
///
/// Nothing in `desk_log` is unique: what must happen once is counted by the checks, never refused by the database.
enum DeskTables {
    static let migrations =
        JobsMigrations.all + OutboxMigrations.all + SagaMigrations.all + LedgerMigrations.all + [desk]

    private static let desk = Migration("desk") { transaction in
        try transaction.execute(
            """
            CREATE TABLE desk_orders (
                id TEXT NOT NULL PRIMARY KEY,
                customer TEXT NOT NULL,
                filled TEXT NOT NULL,
                is_closed INTEGER NOT NULL
            ) STRICT
            """)
        try transaction.execute(
            """
            CREATE TABLE desk_log (
                position INTEGER PRIMARY KEY,
                what TEXT NOT NULL,
                id TEXT NOT NULL,
                detail TEXT NOT NULL,
                number INTEGER NOT NULL
            ) STRICT
            """)
    }

    private static let job =
        "COALESCE(NEW.kind, '') || '|' || COALESCE(NEW.serial_key, '') || '|' || NEW.dead_letter_holds_key"

    static let journal = [
        JournalTrigger(
            "jobs_new", after: "INSERT ON jobs", values: "'job', NEW.id, NULL, NEW.state, \(job), NEW.claims"),
        JournalTrigger(
            "jobs_moved", after: "UPDATE ON jobs", when: "OLD.state <> NEW.state OR OLD.claims <> NEW.claims",
            values: "'job', NEW.id, OLD.state, NEW.state, \(job), NEW.claims"),
        JournalTrigger(
            "jobs_gone", after: "DELETE ON jobs",
            values: "'job', OLD.id, OLD.state, NULL, NULL, OLD.claims"),
        JournalTrigger(
            "schedules", after: "UPDATE OF next_at ON job_schedules",
            values: "'schedule', NEW.name, OLD.next_at, NEW.next_at, NULL, 0"),
        JournalTrigger(
            "accounts_new", after: "INSERT ON ledger_accounts",
            values: "'account', NEW.id, NULL, NEW.available || '|' || NEW.locked, NEW.path, NEW.may_overdraw"),
        JournalTrigger(
            "accounts", after: "UPDATE ON ledger_accounts",
            values: """
                'account', NEW.id, OLD.available || '|' || OLD.locked, NEW.available || '|' || NEW.locked, NEW.path,
                NEW.may_overdraw
                """),
        JournalTrigger(
            "reservations_new", after: "INSERT ON ledger_transfers", when: "NEW.status IS NOT NULL",
            values: "'reservation', NEW.id, NULL, NEW.remaining, NEW.status, NEW.debit_account"),
        JournalTrigger(
            "reservations", after: "UPDATE ON ledger_transfers",
            values: "'reservation', NEW.id, OLD.remaining, NEW.remaining, NEW.status, NEW.debit_account"),
        JournalTrigger(
            "sagas_new", after: "INSERT ON sagas",
            values: "'saga', NEW.kind || '/' || NEW.id, NULL, NEW.step, NEW.status, NEW.version"),
        JournalTrigger(
            "sagas", after: "UPDATE ON sagas",
            values: "'saga', NEW.kind || '/' || NEW.id, OLD.step, NEW.step, NEW.status, NEW.version"),
        JournalTrigger(
            "messages_new", after: "INSERT ON outbox_messages",
            values: "'message', NEW.message_id, NULL, NEW.status, NEW.topic || '/' || NEW.lane_key, NEW.number"),
        JournalTrigger(
            "messages", after: "UPDATE ON outbox_messages",
            values: "'message', NEW.message_id, OLD.status, NEW.status, NEW.topic || '/' || NEW.lane_key, NEW.number"),
        JournalTrigger(
            "desk_log", after: "INSERT ON desk_log", values: "NEW.what, NEW.id, NULL, 'done', NEW.detail, NEW.number"),
    ]
}

/// `desk_log`, in an open transaction.
struct DeskLog {
    let transaction: any SQLTransaction

    func add(_ what: String, _ id: String, _ detail: String = "", _ number: Int64 = 0) throws {
        try transaction.execute(
            "INSERT INTO desk_log (what, id, detail, number) VALUES (\(what), \(id), \(detail), \(number))")
    }
}

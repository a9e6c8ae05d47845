import Jobs
import Persistence

/// The whole module's tables, whichever lists they stand in.
let allMigrations: [Migration] = {
    var names: Set<String> = []
    return (JobsMigrations.all + OutboxMigrations.all + SagaMigrations.all).filter { names.insert($0.name).inserted }
}()

/// A process that is made to be killed. It opens a database, checks what earlier lives were told, works on, and writes a
/// line for everything it was told itself. `KillTests` starts it, and says by the environment how it dies (see `CFaultVFS`).
///
///     crash-child workload=seam database=/tmp/x.db life=3 steps=20 lanes=4 history=/tmp/history checkpoint=5 batch=8
///
/// Lines: `opened`, `checked N`, `violation …`, `kept ID`, `refused ID`, `failed ID why`, `unknown ID why`, `unopened why`, `unchecked why`, `stuck why`,
/// `synced N` after the N-th fsync of the log, `count wal.fsync N`, `unsynced-commits N`, `done`.
@main
struct CrashChild {
    static let workloads: [any CrashWorkload.Type] = [SeamWorkload.self, CoreWorkload.self, LooseWorkload.self]

    static func main() async {
        let pairs = CommandLine.arguments.dropFirst().map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        if pairs.first?.first == "node" {
            return await ClusterNode.run(
                Dictionary(pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 }))
        }
        guard let options = LifeOptions(CommandLine.arguments.dropFirst()) else { return refuse() }
        if options.workload == RawLife.name { return RawLife(options).run() }
        guard let workload = workloads.first(where: { $0.name == options.workload }) else { return refuse() }
        await Life(options, workload.init()).run()
    }

    private static func refuse() { Line.write("violation arguments not understood: \(CommandLine.arguments)") }
}

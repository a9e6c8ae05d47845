import API
import ArgumentParser
import Exchanges
import Execution
import Foundation
import MarketMaking
import Persistence
import Scheduling
import TradingCore

/// Whom a state is for, and why.
struct TradingStateOptions: ParsableArguments {
    @Option(help: "An exchange account, such as paper/default.")
    var account: String?

    @Option(help: "A session by its strategy key.")
    var session: String?

    @Option(help: "Why, for the record.")
    var reason = "set from the command line"

    /// As over REST.
    private static let longestReason = 500

    func set(_ state: TradingState) async throws {
        if account != nil, session != nil { throw BadInput("--session: must be left out with --account") }
        guard reason.utf8.count <= Self.longestReason else {
            throw BadInput("--reason: must be at most \(Self.longestReason) bytes long, has \(reason.utf8.count)")
        }
        let scope = account.map(TradingScope.account) ?? session.map(TradingScope.session) ?? .server
        let change = TradingStateChange(scope: scope, state: state, reason: reason)
        let files = try ServerFiles()
        let (answer, offline) = try await setOrStore(change, files)
        let moment =
            switch answer?.isStored {
            case true?: "now"
            case false?: "now, in this process alone: it could not be stored yet, which the server goes on trying"
            case nil: offline
            }
        print("\(state.wireName) for \(account ?? session ?? "the whole server"), \(moment).")
        for account in answer?.uncancelled ?? [] { print("Orders not cancelled yet, of \(account)") }
    }

    /// For so long a server may hold the database and not answer yet: it plays a paper market forward, compares a large file.
    private static let startPatience = Duration.seconds(60)

    private func setOrStore(
        _ change: TradingStateChange, _ files: ServerFiles
    ) async throws -> (answer: RunningServer.Answer?, offline: String) {
        let end = ContinuousClock.now + Self.startPatience
        var isTold = false
        while true {
            if let answer = try await RunningServer(files).set(change) { return (answer, "") }
            // From another folder than the server's, one that is made here would hold nobody, and the server would trade on.
            guard !files.isEmbedded || files.hasDatabase else {
                throw BadInput(
                    "\(files.database): there is no such database, and no server answers on \(RunningServer(files).base): nothing was changed. Set DATABASE_PATH and PORT as the server has them, or run this in its folder"
                )
            }
            do { return (nil, try await store(change, files)) } catch SQLError.inUse(let path) {
                guard ContinuousClock.now < end else {
                    throw BadInput(
                        "\(path) is in use by a server that does not answer: it is still starting, or listens elsewhere"
                    )
                }
                if !isTold { Terminal.error("a server that is just starting holds \(path): waiting for its answer") }
                isTold = true
                try await Task.sleep(for: .milliseconds(200))
            } catch let error as SQLError { throw BadInput("\(error)") }
        }
    }

    /// No server runs here: the state is stored for the next start.
    private func store(_ change: TradingStateChange, _ files: ServerFiles) async throws -> String {
        do {
            try await withDatabase(files, isHalt: change.state == .halted) { database in
                try await store(change, files, database)
            }
            return "from the next start on (no server \(files.isEmbedded ? "runs" : "trades on this database"))"
        } catch DeskError.notReady(let why) {
            throw BadInput("\(why); nothing was changed")
        } catch let failure as HaltReserve.Failure {
            throw BadInput("\(files.database)-halts: cannot be read or written: \(failure)")
        } catch DeskError.unknownStrategy(let key) {
            throw BadInput("--session \(key): must be a strategy key of this server")
        } catch DeskError.unknownAccount(let name) {
            throw BadInput(
                "--account \(name): must be exchange/label of an account that this server has a strategy or key for")
        }
    }
}

extension TradingStateOptions {
    /// Until it is closed no server can start on it, and overlook what is kept beside it.
    private func withDatabase(
        _ files: ServerFiles, isHalt: Bool, _ body: (any SQLDatabase) async throws -> Void
    ) async throws {
        let database: any SQLDatabase
        do { database = try await files.openTyped().database } catch let error as SQLError {
            // A server's log needs room, and a migration the writer; a look does not.
            guard isHalt, Self.isPassing(error), try reserve(files) != nil else { throw error }
            database = try await SQLiteDatabase.openReadOnly(path: files.database, isAlone: true)
        }
        do { try await body(database) } catch {
            await database.close()
            throw error
        }
        await database.close()
    }

    private func store(_ change: TradingStateChange, _ files: ServerFiles, _ database: any SQLDatabase) async throws {
        let (keyed, time) = (try await KeyedAccounts.names(files, database), SystemTime())
        do {
            return try await OfflineTradingState.set(
                change, in: database, keyed: keyed, reserve: reserve(files),
                sharedPace: files.isEmbedded ? nil : TradingLease.Pace(), time: time)
        } catch let error as SQLError {
            // Room for this was set aside while there was some.
            guard change.state == .halted, Self.isPassing(error), let reserve = try reserve(files) else { throw error }
            try await OfflineTradingState.keep(change, in: reserve, beside: database, keyed: keyed, now: time.now())
        }
    }

    /// Whether the database may take later what it does not take now: a full disk, another program that holds it, or one that was opened
    /// to be looked at for such a reason.
    private static func isPassing(_ error: SQLError) -> Bool {
        switch error {
        case .diskFull, .locked, .inputOutput, .readOnly: true
        default: false
        }
    }

    private func reserve(_ files: ServerFiles) throws -> HaltReserve? {
        guard files.isEmbedded, FileManager.default.fileExists(atPath: files.database + "-halts") else { return nil }
        return try HaltReserve(beside: files.database)
    }
}

struct HaltCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "halt", abstract: "No orders, everything of ours cancelled, until resumed.")
    @OptionGroup var options: TradingStateOptions
    func run() async throws { try await options.set(.halted) }
}

struct ReduceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reduce", abstract: "Only orders that bring positions back towards zero, until resumed.")
    @OptionGroup var options: TradingStateOptions
    func run() async throws { try await options.set(.reducing) }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Trade again.")
    @OptionGroup var options: TradingStateOptions
    func run() async throws { try await options.set(.active) }
}

/// The server of this data folder, if it runs, reached as any client would.
struct RunningServer {
    private let files: ServerFiles

    init(_ files: ServerFiles) { self.files = files }

    var base: String { files.configuration.address(port: files.configuration.port) }

    /// How a change was taken.
    struct Answer {
        /// False: it holds in the running process alone.
        var isStored = true
        /// Accounts whose orders could not be cancelled yet, and why.
        var uncancelled: [String] = []
    }

    /// - Returns: nil when no server answers.
    func set(_ change: TradingStateChange) async throws -> Answer? {
        let key: Secret?
        do { key = try ServerSecrets.signingKey(files.configuration) } catch {
            throw BadInput(error.lines.joined(separator: "; "))
        }
        // Asked without one, too: a server that runs on another folder's secrets is still there.
        var token: String?
        if let key { token = try await OperatorToken.make(signingKey: key, time: SystemTime()) }
        guard let answer = try await OperatorCall(base: base, token: token).post("/admin/trading-state", body(change))
        else { return nil }
        if answer.status == 401 {
            throw BadInput("the server on \(base) does not take this data folder's jwt-secret: \(answer.text)")
        }
        guard answer.status == 200 else { throw BadInput("the server refused: \(answer.text)") }
        return Self.answer(change, answer.text)
    }

    /// The answer lists all states; the one that was set says of itself whether it is stored, and what it has not done yet.
    private static func answer(_ change: TradingStateChange, _ text: String) -> Answer {
        let (scope, id) = wireName(change.scope)
        guard case .array(let states)? = try? JSONValue(text),
            let state = states.first(where: { $0["scope"] == .string(scope) && $0["id"] == id.map(JSONValue.string) })
        else { return Answer() }
        var answer = Answer(isStored: state["isStored"] != .bool(false))
        if case .array(let accounts)? = state["uncancelled"] {
            answer.uncancelled = accounts.compactMap { if case .string(let text) = $0 { text } else { nil } }
        }
        return answer
    }

    private static func wireName(_ scope: TradingScope) -> (scope: String, id: String?) {
        switch scope {
        case .server: ("server", nil)
        case .account(let name): ("account", name)
        case .session(let key): ("session", key)
        }
    }

    private func body(_ change: TradingStateChange) throws -> String {
        let (scope, id) = Self.wireName(change.scope)
        var object = ["scope": scope, "state": change.state.wireName, "reason": change.reason]
        if let id { object["id"] = id }
        return String(decoding: try JSONEncoder().encode(object), as: UTF8.self)
    }
}

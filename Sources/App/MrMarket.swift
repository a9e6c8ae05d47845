import ArgumentParser

@main
struct MrMarket: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mrmarket",
        abstract: "A market-making server that does not lose money to its own bugs.",
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, BacktestCommand.self, RecordCommand.self, SessionCommand.self, PaperExchangeCommand.self,
            MigrateCommand.self,
            SeedCommand.self, DoctorCommand.self, KeysCommand.self, LedgerCommand.self, BackupCommand.self,
            RestoreCommand.self, HaltCommand.self, ReduceCommand.self, ResumeCommand.self,
        ])

    /// Everything that goes wrong ends as one clear line on standard error; bad input as exit code 2.
    static func main() async {
        EarlySignals.answer()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as BadInput {
            Terminal.error("mrmarket: \(error.message)")
            exit(withError: ExitCode(2))
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            let line = message(for: error).split(separator: "\n").joined(separator: " ")
            Terminal.error("mrmarket: \(line) (see --help)")
            exit(withError: ExitCode(2))
        }
    }
}

/// Input that cannot be used, in one line for the person who gave it.
struct BadInput: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

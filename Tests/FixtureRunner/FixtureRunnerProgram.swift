import ExchangeFixtures
import Foundation

/// `fixture-runner exchanges DIR`, `fixture-runner captures DIR`: exit code 1 when a case failed, 2 when it was called
/// wrongly or a file cannot be read.
@main
enum FixtureRunnerProgram {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 2, let command = arguments.first, let folder = arguments.last else { explain() }
        do {
            let tally =
                switch command {
                case "exchanges": try FixtureRunner.exchanges(folder)
                case "captures": try FixtureRunner.captures(folder)
                default: explain()
                }
            print(tally.report)
            exit(tally.failures.isEmpty ? 0 : 1)
        } catch {
            FileHandle.standardError.write(Data("fixture-runner: \(error)\n".utf8))
            exit(2)
        }
    }

    private static func explain() -> Never {
        let text = """
            Usage: fixture-runner exchanges DIR   a folder of exchange fixtures, or of such folders
                   fixture-runner captures DIR    a folder of raw captures (NAME.rest.gz, NAME.http.gz, NAME.ws.gz)

            """
        FileHandle.standardError.write(Data(text.utf8))
        exit(2)
    }
}

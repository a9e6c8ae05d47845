import Foundation

// Not on the main thread, whose queue Dispatch serves like any other: every answer would have to be handed on once more.
let arguments = CommandLine.arguments
let runs = Runs(
    folder: arguments.count > 1 ? arguments[1] : FileManager.default.currentDirectoryPath,
    chosen: Array(arguments.dropFirst(2)))
try await Task.detached { try await runs.all() }.value

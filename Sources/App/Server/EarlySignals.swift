import CEarlySignals

/// Ctrl-C and SIGTERM from before the first statement of a `serve` to ``EndingSignals``, which takes them over without a gap. Every
/// other command is ended by a signal as any program is.
enum EarlySignals {
    /// Where the loader has not seen to it already.
    static func answer() { mrmarket_answer_early_signals(CommandLine.argc, CommandLine.unsafeArgv) }

    static func end() -> Never { mrmarket_end_early() }
}

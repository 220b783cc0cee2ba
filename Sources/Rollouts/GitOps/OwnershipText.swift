/// What people are told of an owner and of the method that is chosen because of it: in status, events and runs.
package enum OwnershipText {
    /// Before a rollout: what was found, and what would be done.
    package static func plan(_ choice: RollbackChoice, _ situation: RollbackChoice.Situation) -> String {
        let ownership = situation.ownership
        var sentences = [
            "The workload belongs to \(ownership.owner)\(ownership.signs.isEmpty ? "" : " (\(ownership.signs.joined(separator: ", ")))")."
        ]
        if !ownership.others.isEmpty {
            sentences.append("It also bears signs of \(ownership.others.map(\.description).joined(separator: " and ")).")
        }
        if let habit = text(situation.habit, ownership.owner) { sentences.append(habit) }
        sentences.append("A bad release \(text(choice.way)), and \(text(choice.quarantine)).")
        return (sentences + choice.warnings.map { "\($0.prefix(1).uppercased())\($0.dropFirst())." }).joined(separator: " ")
    }

    /// After a rollback: how it lasts.
    /// - Parameters:
    ///   - revision: of its source, as its owner names it.
    ///   - images: that the bad version has and the good one had not.
    package static func revertHint(_ owner: WorkloadOwner, revision: String?, images: [String]) -> String {
        let commit = revision.flatMap(GitRevision.init)?.commit
        switch owner {
        case .argoCD, .fluxKustomization, .fluxHelmRelease:
            let place = "In the repository of \(owner)"
            if let commit { return "\(place): git revert --no-edit \(commit) && git push" }
            guard let image = images.sorted().first else { return "\(place), revert the commit that brought this version." }
            return "\(place), find the commit and revert it: git log --oneline -S \(quoted(image)) && git revert --no-edit COMMIT && git push"
        case .helm(let namespace, let release):
            return "So that the next upgrade does not bring it back: helm rollback \(quoted(release)) --namespace \(quoted(namespace))"
        case .none: return "So that it is not applied again, revert the manifest that it came from."
        }
    }

    private static func text(_ habit: OwnerHabit, _ owner: WorkloadOwner) -> String? {
        switch habit {
        case .leaves: nil
        case .leavesUntilNextCommit: "What is changed in the cluster stays until its source changes, and then comes back with any commit."
        case .putsBack:
            owner.isArgoCD ? "What is changed in the cluster is put back in seconds." : "What is changed in the cluster is put back at its interval."
        }
    }

    private static func text(_ way: RollbackChoice.Way) -> String {
        switch way {
        case .undo: "is undone by patching the template back"
        case .pauseAndStarve: "is undone by pausing the Deployment and scaling the bad ReplicaSet to 0, which changes nothing that its source says"
        }
    }

    private static func text(_ quarantine: RollbackChoice.Quarantine) -> String {
        switch quarantine {
        case .annotate(let key, let value): "kept from coming back by the annotation \(key): \(value), which is taken away when its source moves on"
        case .stayPaused: "the Deployment stays paused until another version is asked for"
        case .starveOnReturn: "should it be applied again, it is paused and starved while the good version serves"
        case .holdPartition: "the partition keeps it from rolling, should it be applied again, until another version is asked for"
        case .restoreOnce: "should it be applied again, it is patched back once more, and then people are told"
        }
    }

    /// For a shell.
    private static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || Array("-._/:@".utf8).contains(byte)
            }
        return isPlain ? word : "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
    }
}

extension WorkloadOwner {
    var isArgoCD: Bool {
        if case .argoCD = self { return true }
        return false
    }
}

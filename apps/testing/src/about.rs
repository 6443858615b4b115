//! What every program says of itself.

use crate::Stage;

impl Stage {
    /// Checks `--version` of the program `name`, and with `--verbose` what is built in; `libtorch`: whether it is.
    ///
    /// # Panics
    /// If anything else is said.
    pub fn check_version(&self, name: &str, version: &str, libtorch: bool) {
        let line = format!("{name} {version}\n");
        assert_eq!(self.paste(&format!("{name} --version")), line);
        assert_eq!(self.paste(&format!("{name} -V")), line);
        let told = self.paste(&format!("{name} --version --verbose"));
        assert_eq!(told, self.paste(&format!("{name} -vV")));
        assert!(told.starts_with(&line), "{told}");
        assert!(told.contains("\nbackends: flex"), "{told}");
        assert!(told.contains("\n--device auto: "), "{told}");
        let found = told.contains("\nlibtorch: 2.11.") && told.contains("libtorch_cpu.so");
        assert_eq!(found, libtorch, "{told}");
    }

    /// Checks that there are completions for every shell, and that they know every verb.
    ///
    /// # Panics
    /// If there are none.
    pub fn check_completions(&self, name: &str) {
        let verbs = self.verbs(name);
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let script = self.paste(&format!("{name} completions {shell}"));
            for (verb, _) in &verbs {
                let last = verb.rsplit(' ').next().unwrap();
                assert!(script.contains(last), "{shell}: {verb}");
            }
        }
        let script = format!("{name} completions bash > completions; bash -n completions");
        self.paste(&script);
    }

    /// Checks that every verb has a manual page, with its examples as they are typed.
    ///
    /// # Panics
    /// If one has none.
    pub fn check_manual(&self, name: &str) {
        self.paste(&format!("{name} man pages"));
        let page = |page: &str| {
            let path = self.path().join("pages").join(format!("{page}.1"));
            std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        for (verb, _) in self.verbs(name) {
            let title = verb.replace(' ', "-");
            let text = page(&title);
            let part = |part: &str| assert!(text.contains(part), "{title}: {part}");
            part(&format!(".TH {title} 1"));
            part(".SH EXAMPLES\n.nf\n  ");
            part(&verb);
        }
        assert!(page(name).contains(".SH SUBCOMMANDS"));
    }
}

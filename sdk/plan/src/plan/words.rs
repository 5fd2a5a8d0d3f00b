//! The closed lists of words a plan is made of.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$item])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every word.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word used in JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

words! {
    /// What a plan asks to be done.
    Op {
        /// One figure per metric and group.
        Value "value",
        /// A metric over time.
        Series "series",
        /// The window against a baseline.
        Compare "compare",
        /// Groups ranked by a metric.
        Top "top",
        /// Rows.
        List "list",
        /// Where a user or session is.
        Locate "locate",
        /// When a metric was highest.
        Peak "peak",
        /// Metrics side by side.
        Correlate "correlate",
        /// Root cause.
        Explain "explain",
        /// What stood out.
        Anomalies "anomalies",
        /// A metric ahead of now.
        Forecast "forecast",
        /// More or fewer servers.
        Sizing "sizing",
        /// A document.
        Report "report",
        /// One request across services.
        Trace "trace",
        /// Proposes an action.
        Act "act",
        /// Accepts a pending proposal.
        Approve "approve",
        /// Rejects a pending proposal.
        Deny "deny",
        /// Names a scope.
        Alias "alias",
        /// Will not be done.
        Refuse "refuse",
        /// Cannot be done before more is known.
        Clarify "clarify",
    }
}

words! {
    /// What figures can be split by.
    Dimension {
        /// Regional site.
        Site "site",
        /// Application.
        App "app",
        /// Running copy of an application.
        Instance "instance",
        /// URL template.
        Url "url",
        /// User.
        User "user",
        /// Session.
        Session "session",
        /// Client address.
        Ip "ip",
        /// Family of browsers.
        Browser "browser",
        /// Service.
        Service "service",
        /// Hour of the day.
        Hour "hour",
        /// Day of the week.
        Weekday "weekday",
        /// Calendar day.
        Day "day",
        /// Version of an application.
        Version "version",
        /// SQL statement.
        Sql "sql",
        /// Kind of error.
        Error "error",
    }
}

words! {
    /// Which figure of a window is wanted.
    Agg {
        /// Mean.
        Avg "avg",
        /// Highest.
        Max "max",
        /// Lowest.
        Min "min",
        /// Sum.
        Sum "sum",
        /// Latest.
        Last "last",
    }
}

words! {
    /// Forms of an answer.
    Present {
        /// A table.
        Table "table",
        /// A chart.
        Chart "chart",
        /// A report.
        Report "report",
        /// A Markdown document.
        Markdown "markdown",
        /// A PDF document.
        Pdf "pdf",
        /// A spreadsheet.
        Xlsx "xlsx",
    }
}

words! {
    /// What a list holds.
    Target {
        /// Sessions.
        Sessions "sessions",
        /// Users.
        Users "users",
        /// Transactions.
        Transactions "transactions",
        /// URLs.
        Urls "urls",
        /// Alerts.
        Alerts "alerts",
        /// Deployments.
        Deployments "deployments",
        /// Actions taken.
        Actions "actions",
        /// Calls of language models.
        ModelCalls "model_calls",
    }
}

words! {
    /// What follows a peak.
    Then {
        /// Why it happened.
        Explain "explain",
    }
}

words! {
    /// Kinds of documents.
    Report {
        /// One week.
        Weekly "weekly",
        /// One month.
        Monthly "monthly",
        /// What went wrong.
        Incident "incident",
        /// Objectives and their attainment.
        Sla "sla",
        /// Anything else.
        Custom "custom",
    }
}

words! {
    /// Why a question is refused.
    Reason {
        /// Not one of the actions there are.
        NotAllowed "not_allowed",
        /// Asks and acts in one sentence.
        MixedQueryAndControl "mixed_query_and_control",
        /// Would hit nearly everything.
        TooBroad "too_broad",
        /// Not about what Bongsu observes.
        OutOfDomain "out_of_domain",
    }
}

words! {
    /// A part of a plan that can be missing.
    Slot {
        /// Which user.
        User "user",
        /// Which session.
        Session "session",
        /// Which URL.
        Url "url",
        /// Which addresses.
        Cidr "cidr",
        /// Which application.
        App "app",
        /// Which site.
        Site "site",
        /// How many, or where to.
        To "to",
        /// Which metric.
        Metric "metric",
        /// When.
        Window "window",
        /// Compared with what.
        Baseline "baseline",
        /// Which level.
        Threshold "threshold",
        /// Which trace or transaction.
        Trace "trace",
        /// What is meant at all.
        Question "question",
    }
}

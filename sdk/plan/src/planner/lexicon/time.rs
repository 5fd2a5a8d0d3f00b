//! Words about time.

use super::{
    super::concept::{
        Concept::{Filler, Time as At},
        Time,
    },
    Rows,
};

pub(super) const ROWS: Rows = &[
    (
        At(Time::Now),
        "지금 현재|현재 시각|현재 시점|현재|현제|지금 이 순간|지금|이 순간|실시간으로|실시간|방금|right now|at the moment|at present|currently|current|presently|now|rn|real time|at this moment|as of now|live",
    ),
    (
        At(Time::Day(0)),
        "오늘 하루|오늘|금일|당일|today|todays|this day",
    ),
    (
        At(Time::Day(-1)),
        "어제 하루|어제|어저께|전날 어제|작일|yesterday|yesterdays",
    ),
    (
        At(Time::Day(-2)),
        "그저께|그제|엊그제|엊그저께|day before yesterday|the day before yesterday",
    ),
    (At(Time::Day(1)), "내일|명일|tomorrow"),
    (
        At(Time::Day(2)),
        "모레|day after tomorrow|the day after tomorrow",
    ),
    (
        At(Time::Week(0)),
        "이번 주|이번주|금주|this week|current week",
    ),
    (
        At(Time::Week(-1)),
        "지난 주|저번 주|지난주|저번주|last week|previous week",
    ),
    (
        At(Time::Week(-2)),
        "지지난 주|지지난주|저저번 주|전전주|week before last|the week before last|two weeks ago",
    ),
    (At(Time::Week(1)), "다음 주|차주|next week"),
    (
        At(Time::Month(0)),
        "이번 달|이번달|이달|금월|당월|this month|current month",
    ),
    (
        At(Time::Month(-1)),
        "지난 달|저번 달|지난달|저번달|last month|previous month",
    ),
    (
        At(Time::Month(-2)),
        "지지난 달|지지난달|저저번 달|전전월|month before last|the month before last|two months ago",
    ),
    (At(Time::Month(1)), "다음 달|다음달|내달|next month"),
    (
        At(Time::Quarter(0)),
        "이번 분기|금분기|당분기|this quarter|current quarter",
    ),
    (
        At(Time::Quarter(-1)),
        "지난 분기|저번 분기|전분기|직전 분기|last quarter|previous quarter",
    ),
    (
        At(Time::Year(0)),
        "올해|금년|이번 해|올 한해|this year|current year|year to date|ytd",
    ),
    (
        At(Time::Year(-1)),
        "작년|지난 해|지난해|전년도|last year|previous year",
    ),
    (
        At(Time::Year(-2)),
        "재작년|year before last|the year before last|two years ago",
    ),
    (
        At(Time::RollingHour),
        "last hour|past hour|the last hour|the past hour|지난 한시간|최근 한시간",
    ),
    (
        At(Time::RollingDay),
        "last day|past day|지난 하루|최근 하루|만 하루|하루 동안",
    ),
    (
        At(Time::RollingWeek),
        "past week|over the last week|during the past week|지난 일주일|최근 일주일|일주일간|일주일 동안|지난 한 주|최근 한 주",
    ),
    (
        At(Time::RollingMonth),
        "past month|over the last month|최근 한달|지난 한달|최근 한 달|지난 한 달|한달간|한 달간|한 달 동안|한달 동안",
    ),
    (At(Time::Weekday(1)), "월요일|monday|mon"),
    (At(Time::Weekday(2)), "화요일|tuesday|tue"),
    (At(Time::Weekday(3)), "수요일|wednesday|wed"),
    (At(Time::Weekday(4)), "목요일|thursday|thu"),
    (At(Time::Weekday(5)), "금요일|friday|fri"),
    (At(Time::Weekday(6)), "토요일|saturday"),
    (At(Time::Weekday(7)), "일요일|sunday"),
    (
        At(Time::Workdays),
        "평일|주중|근무일|weekday|workday|working day|business day",
    ),
    (At(Time::Weekend), "주말|휴일|weekend"),
    (At(Time::Am), "오전|in the morning|this morning"),
    (
        At(Time::Pm),
        "오후|in the afternoon|this afternoon|afternoon",
    ),
    (At(Time::Part(0, 6)), "새벽|early morning|overnight"),
    (At(Time::Part(6, 9)), "아침|출근 시간대|출근 시간"),
    (At(Time::Part(0, 12)), "morning"),
    (
        At(Time::Part(12, 13)),
        "점심 시간대|점심 시간|점심시간|점심|lunch time|lunch hour|lunchtime|lunch",
    ),
    (
        At(Time::Part(9, 18)),
        "업무 시간|근무 시간|업무시간|business hours|office hours|working hours",
    ),
    (
        At(Time::Part(18, 24)),
        "저녁|밤|심야|this evening|in the evening|evening|tonight|at night|night",
    ),
    (
        At(Time::WeekendOf(-1)),
        "지난 주말|저번 주말|last weekend|previous weekend|over the weekend",
    ),
    (At(Time::WeekendOf(0)), "이번 주말|this weekend"),
    (
        At(Time::HalfYear(1)),
        "상반기|first half of the year|first half",
    ),
    (
        At(Time::HalfYear(2)),
        "하반기|second half of the year|second half",
    ),
    (
        At(Time::LastNight),
        "어젯밤|어제 밤|간밤|지난 밤|지난밤|last night|yesterday night|yesterday evening",
    ),
    (At(Time::Noon), "정오|noon|midday"),
    (At(Time::Midnight), "자정|midnight"),
    (At(Time::MonthName(1)), "january|jan"),
    (At(Time::MonthName(2)), "february|feb"),
    (At(Time::MonthName(3)), "march|mar"),
    (At(Time::MonthName(4)), "april|apr"),
    (At(Time::MonthName(6)), "june|jun"),
    (At(Time::MonthName(7)), "july|jul"),
    (At(Time::MonthName(8)), "august|aug"),
    (At(Time::MonthName(9)), "september|sep|sept"),
    (At(Time::MonthName(10)), "october|oct"),
    (At(Time::MonthName(11)), "november|nov"),
    (At(Time::MonthName(12)), "december|dec"),
    (
        At(Time::SameTime),
        "같은 시간대|같은 시간|같은 시각|동일 시간대|동일한 시간대|동일 시간|동시간대|동 시간대|이 시간대|이맘때|이 시간|same time|same hour|same time of day|this time|at this time|same clock time",
    ),
    (
        At(Time::SameWeekday),
        "같은 요일|동일 요일|동일한 요일|same weekday|same day of the week|same day of week|same day",
    ),
    (
        At(Time::SamePeriod),
        "같은 기간|같은 시기|동일 기간|동일한 기간|동일 이벤트 기간|동일 시기|동기간|동기|같은 이벤트|same period|same span|corresponding period|same window|same week|same month",
    ),
    (
        At(Time::Recent),
        "최근|지난|근래|직전|과거|요 며칠|recent|past|previous|trailing|preceding",
    ),
    (At(Time::Last), "last"),
    (At(Time::From), "부터|에서|from|starting|start from"),
    (At(Time::Until), "까지|until|till|to|through|thru"),
    (At(Time::Between), "사이에|사이|between"),
    (
        At(Time::During),
        "동안의|동안에|동안|기간|^간의|^간$|^중$|during|over the|for the|throughout",
    ),
    (At(Time::Within), "^내에|^내$|^안에|within"),
    (At(Time::Since), "이후로|이후|이래|since|after"),
    (At(Time::Before), "이전|before"),
    (At(Time::Ago), "^전의|^전에|^전보다|^전과|^전$|ago|earlier"),
    (
        At(Time::Later),
        "^뒤에는|^뒤에도|^뒤에|^뒤$|^뒤의|^후에는|^후에|^후의|^후$|later|ahead|from now|hence",
    ),
    (At(Time::Next), "앞으로|향후|다음|next|coming|upcoming"),
    (
        At(Time::Usual),
        "평소|평상시|평시|보통 때|보통|정상 수준|정상 범위|정상치|여느 때|usual|usually|normally|normal|typical|typically|expected level|the norm|ordinary",
    ),
    (At(Time::Past), "과거와|과거에|과거의|예전|옛날"),
    (
        At(Time::PreviousDay),
        "전일|전날|하루 전|일일 전|previous day|day before|the day before|a day earlier|a day ago|day over day",
    ),
    (
        At(Time::PreviousWeek),
        "전주|한 주 전|일주일 전|1주 전|1주일 전|week before|the week before|a week earlier|a week ago|week over week",
    ),
    (
        At(Time::PreviousMonth),
        "전월|한 달 전|한달 전|1개월 전|month before|the month before|a month earlier|a month ago|month over month",
    ),
    (
        At(Time::PreviousYear),
        "전년 동기|전년 동월|전년도 동기|작년 동기|전년|1년 전|일년 전|year before|the year before|a year earlier|a year ago|year over year|year on year|yoy",
    ),
    (Filler, "언제까지|언제부터|이제"),
];

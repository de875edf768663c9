"""The word lists that the example records are drawn from: many scripts, and nobody real.

People and companies are chance combinations of these words. Account and card numbers are the ones that banks
and card schemes publish for documentation and tests; telephone numbers and domains are from ranges that are
reserved for fiction and documentation.
"""
# ruff: noqa: RUF001 - letters of other scripts are the point

# Script, given names, family names (words for plants, stones, weather), a city's made-up name, a remark.
PEOPLE = (
    (
        "Latn",
        ("Ada", "Bruno", "Chloë", "Dagný", "Émile"),
        ("Alderfen", "Brackwind", "Cloudberry"),
        "Fernmouth",
        "Sleeps better since the walks in the evening.",
    ),
    (
        "Latn",
        ("Łucja", "Žofie", "Ørjan", "Ağca", "Nguyệt"),
        ("Wrzosek", "Mlžný", "Lyngås", "Yıldızlı"),
        "Błękitno",
        "Kontrola za dwa tygodnie, bez zmian w leczeniu.",
    ),
    # Decomposed on purpose: a letter and its accent are two code points, and must stay two.
    (
        "Latn",
        ("Zoe\u0308", "Rene\u0301e", "A\u030asa"),
        ("Bru\u0308hl-Nebel", "Pe\u0301tale"),
        "Sainte-Bruye\u0300re",
        "Re\u0301sultats normaux, prochain rendez-vous dans six mois.",
    ),
    (
        "Grek",
        ("Ελένη", "Νίκος", "Δάφνη"),
        ("Θυμαριώτη", "Βροχίδης"),
        "Ασημοχώρι",
        "Επανεξέταση σε τρεις μήνες.",
    ),
    (
        "Cyrl",
        ("Оксана", "Михаил", "Јелена"),
        ("Ромашкина", "Туманов", "Камінна"),
        "Снегогорск",
        "Жалоб нет, давление в норме.",
    ),
    ("Arab", ("ليلى", "يوسف", "نور"), ("الياسمين", "الغيم"), "وادي الندى", "تحسن ملحوظ بعد العلاج."),
    ("Hebr", ("נועה", "איתן"), ("אלון-טל", "ענן"), "כפר הרקפות", "מצב יציב, להמשיך באותה תרופה."),
    ("Deva", ("आशा", "रोहन", "मीरा"), ("चमेलीवाला", "बादलकर"), "फूलपुरा", "दो सप्ताह बाद फिर मिलें।"),
    ("Taml", ("கயல்", "அருண்"), ("மழைமேகம்", "தாமரைச்செல்வன்"), "பூங்காவூர்", "இரத்த அழுத்தம் சீராக உள்ளது."),
    ("Thai", ("มะลิ", "ธาร"), ("ดอกหมอก", "สายฝนดี"), "บ้านลมเย็น", "อาการดีขึ้นมาก"),
    ("Hans", ("晓雨", "思远", "若溪"), ("竹", "云", "石"), "雾林市", "血压正常,三个月后复查。"),
    ("Jpan", ("さくら", "陽翔", "ミナト"), ("霧島原", "石楠花"), "雲野町", "経過は良好。次回は来月。"),
    ("Kore", ("하늘", "이슬"), ("안개꽃", "바위솔"), "구름시", "증상이 많이 좋아졌습니다."),
    ("Geor", ("ნინო", "ლაშა"), ("ღრუბელაძე", "იაშვილისა"), "ნისლიანი", "მდგომარეობა სტაბილურია."),
    ("Armn", ("Անի", "Արամ"), ("Ամպյան", "Ծաղկունի"), "Մառախուղ", "Վիճակը կայուն է։"),
    ("Ethi", ("ሰላም", "ዳዊት"), ("ደመናዊ", "አበባየ"), "ጭጋጋማ", "ሁኔታው የተረጋጋ ነው።"),
)

EMOJI = ("🦊", "👩🏽\u200d⚕️", "🏳️\u200d🌈", "👨\u200d👩\u200d👧\u200d👦", "🇮🇸", "☔️", "𝔸", "🫀")

STREETS = (
    "Heron Lane",
    "Kieselweg",
    "Rue des Genêts",
    "Via del Muschio",
    "Calle Niebla",
    "Tåkeveien",
    "雨竹路",
)
COUNTRIES = ("DE", "FR", "GB", "GR", "IN", "IT", "JP", "KR", "NO", "PL", "US")

MEDICINES = ("metformin", "salbutamol", "levothyroxine", "amoxicillin", "ibuprofen", "ramipril", "cetirizine")
ALLERGIES = ("penicillin", "birch pollen", "peanuts", "latex", "house dust mites", "nickel")
DIAGNOSES = ("E11.9", "I10", "J45.9", "M54.5", "E03.9", "J30.1", "K21.9", "G43.9")
MEASURES = (
    ("glucose", "mmol/L", "3.90", "11.20", 2),
    ("systolic", "mmHg", "98", "165", 0),
    ("temperature", "°C", "35.8", "40.1", 1),
    ("creatinine", "µmol/L", "45.0", "130.0", 1),
    ("TSH", "mU/L", "0.270", "6.900", 3),
)

# The account numbers that standards and registries print as examples.
ACCOUNTS = (
    "DE89370400440532013000",
    "GB82WEST12345698765432",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "CH9300762011623852957",
    "NO9386011117947",
)
# The card numbers that payment schemes publish for tests; no card bears them.
CARDS = ("4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "3530111333300000")
# Currency, decimal places of its amounts, largest amount drawn.
CURRENCIES = (
    ("EUR", 2, 250_000),
    ("USD", 2, 250_000),
    ("GBP", 2, 90_000),
    ("JPY", 0, 9_000_000),
    ("KWD", 3, 40_000),
)
PURPOSES = (
    "Invoice",
    "Rent",
    "Membership",
    "Rechnung",
    "Loyer",
    "Reikningur",
    "Оплата счёта",
    "请款单",
    "請求書",
    "فاتورة",
)

COMPANY_FIRST = (
    "Quillmoss",
    "Brindlefen",
    "Tarnlicht",
    "Ombrefeuille",
    "Sjøtåke",
    "Nuvolasasso",
    "Ветробор",
    "霧石",
)
COMPANY_SECOND = (
    "Lantern Works",
    "Ferry Company",
    "Instruments",
    "Papierwerk",
    "Verreries",
    "Orchards",
    "工房",
)
COMPANY_FORM = ("Ltd", "GmbH", "SARL", "AS", "S.r.l.", "ООО", "株式会社")

CONTRACT_KINDS = ("Supply", "Lease", "Licence", "Maintenance", "Framework", "Confidentiality", "Loan")
HEADINGS = (
    "Definitions",
    "Scope",
    "Fees and payment",
    "Term",
    "Liability",
    "Confidentiality",
    "Governing law",
    "Notices",
    "Force majeure",
    "Data protection",
)
# Language: who, what they owe, and the exception. A contract keeps to one of them.
CLAUSES = (
    (
        "en",
        ("The supplier", "The customer", "Each party", "The lessee", "The licensor"),
        (
            "shall give notice in writing",
            "keeps the goods insured at its own cost",
            "may not assign this contract",
            "pays within thirty days of the invoice",
            "keeps its records for ten years",
        ),
        (
            "unless the other party agrees beforehand",
            "as far as the law allows",
            "save as set out in the annex",
        ),
    ),
    (
        "de",
        ("Der Auftraggeber", "Der Auftragnehmer", "Jede Partei"),
        ("haftet nur für Vorsatz", "zahlt binnen dreißig Tagen", "bewahrt Unterlagen zehn Jahre auf"),
        ("soweit nichts anderes vereinbart ist", "sofern das Gesetz es erlaubt"),
    ),
    (
        "fr",
        ("Le prestataire", "Le client", "Chaque partie"),
        ("conserve les documents dix ans", "paie sous trente jours", "répond des vices cachés"),
        ("sauf accord contraire", "dans les limites de la loi"),
    ),
    (
        "ru",
        ("Поставщик", "Заказчик", "Каждая сторона"),
        ("обязуется хранить тайну", "платит в течение тридцати дней", "хранит документы десять лет"),
        ("если иное не согласовано", "насколько позволяет закон"),
    ),
    (
        "zh",
        ("发包方", "承包方", "各方"),
        ("应当在三十日内付款", "应当书面通知对方", "应当保存文件十年"),
        ("除非另有约定", "在法律允许的范围内"),
    ),
)

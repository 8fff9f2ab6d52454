//! How people and programs call the fields of a form, in the languages our clients write. Data, not logic: a phrase is lowercase,
//! without accents, words separated by one space. The number says how sure a label that is exactly this phrase makes us.

use super::Role::{self, Email, First, Last, Name, Organisation, Phone, Subject, Text};

/// Phrases by role.
#[rustfmt::skip]
pub(crate) const PHRASES: &[(Role, u8, &[&str])] = &[
    (
        Name,
        100,
        &[
            "full name", "fullname", "name", "contact name", "contact person", "contact full name", "customer name",
            "client name", "lead name", "sender name", "submitter name", "requester name", "person name",
            "display name", "real name", "first and last name", "first name and last name", "name and surname",
            "first last name", "respondent name", "complete name", "cardholder name", "billing name", "names",
            "username full", "call you", "who are you", "wie heissen sie", "wie heisst du", "comment vous appelez vous", "como te llamas", "como se llama", "come ti chiami", "from name", "vollstandiger name", "vor und nachname",
            "vorname und nachname", "vorname nachname", "ansprechpartner", "ansprechpartnerin", "kontaktperson",
            "ganzer name", "vor nachname", "nom complet", "nom et prenom", "prenom et nom", "nom prenom",
            "prenom nom", "nom", "nombre completo", "nombre y apellidos", "nombre y apellido", "nombre",
            "nombre apellidos", "nome completo", "nome e cognome", "nome cognome", "nome e sobrenome", "nome",
            "nominativo", "naam", "volledige naam", "voor en achternaam", "contactpersoon", "namn",
            "fullstandigt namn", "for och efternamn", "navn", "fulde navn", "fullt navn", "fornavn og etternavn",
            "nimi", "koko nimi", "etu ja sukunimi", "imie i nazwisko", "jmeno a prijmeni", "cele jmeno",
            "meno a priezvisko", "nev", "teljes nev", "ime i prezime", "ime in priimek", "nume si prenume",
            "nume complet", "nume", "ad soyad", "adiniz soyadiniz", "isim soyisim", "isim", "имя", "фио", "ваше имя",
            "имя и фамилия", "полное имя", "контактное лицо", "ім я", "піб", "ονοματεπωνυμο", "ονομα", "الاسم",
            "الاسم الكامل", "שם", "שם מלא", "nama", "nama lengkap", "ho va ten", "ho ten", "नाम",
        ],
    ),
    (
        First,
        100,
        &[
            "first name", "firstname", "fname", "first", "given name", "givenname", "forename", "christian name",
            "vorname", "prenom", "primer nombre", "nombre de pila", "primeiro nome", "voornaam", "fornamn",
            "fornavn", "etunimi", "imie", "jmeno", "meno", "keresztnev", "prenume", "ime", "adiniz", "ad",
            "nome proprio",
        ],
    ),
    (
        Last,
        100,
        &[
            "last name", "lastname", "lname", "last", "surname", "family name", "familyname", "nachname",
            "familienname", "zuname", "nom de famille", "apellido", "apellidos", "primer apellido", "sobrenome",
            "apelido", "cognome", "achternaam", "familienaam", "efternamn", "efternavn", "etternavn", "sukunimi",
            "nazwisko", "prijmeni", "priezvisko", "vezeteknev", "nume de familie", "prezime", "priimek", "soyad",
            "soyadiniz", "soyisim", "фамилия", "прізвище", "επωνυμο",
        ],
    ),
    (
        Email,
        100,
        &[
            "email", "emails", "email address", "emailaddress", "work email", "business email", "contact email",
            "mail", "your email", "email id", "replyto", "reply to", "mailadresse", "email adresse", "emailadresse",
            "emailadres", "mail adresse", "elektronische post", "courriel", "adresse email", "adresse mail",
            "adresse electronique", "adresse courriel", "correo", "correo electronico", "direccion de correo",
            "mail address", "endereco de email", "correio eletronico", "indirizzo email", "posta elettronica",
            "email adres", "epost", "e post", "e postadress", "epostadress", "epostadresse", "sahkoposti",
            "sahkopostiosoite", "adres email", "eposta", "e posta", "emailova adresa", "email cim", "eposta adresi",
            "почта", "электронная почта", "эл почта", "емейл", "імейл", "электронная", "ηλεκτρονικη διευθυνση",
            "البريد الالكتروني", "البريد الإلكتروني", "דואל", "אימייל", "alamat email", "ईमेल", "reach you",
        ],
    ),
    (
        Phone,
        100,
        &[
            "phone", "phones", "phone number", "phonenumber", "telephone", "telephone number", "tel", "tel no",
            "tel nr", "mobile", "mobile number", "mobile phone", "mobilephone", "cell", "cell phone", "cellphone",
            "contact number", "contact no", "daytime phone", "whatsapp", "whatsapp number", "best number",
            "number to reach", "call you on", "phone no", "callback number", "fon", "telefon", "telefonnummer",
            "telefonnr", "rufnummer", "handy", "handynummer", "mobil", "mobilnummer", "mobiltelefon",
            "ruckrufnummer", "durchwahl", "numero de telephone", "portable", "telephone portable", "mobile portable",
            "telefono", "telefono movil", "movil", "celular", "numero de telefono", "telefone", "telemovel",
            "numero de telefone", "cellulare", "numero di telefono", "recapito telefonico", "telefoonnummer",
            "telefoon", "gsm", "gsm nummer", "mobiel", "mobiele nummer", "tlf", "telefonnumer", "puhelin",
            "puhelinnumero", "matkapuhelin", "numer telefonu", "telefonszam", "telefonni cislo", "telefonne cislo",
            "broj telefona", "numar de telefon", "telefon numarasi", "telefon numaraniz", "cep telefonu", "телефон",
            "номер телефона", "номер телефону", "мобильный", "мобильный телефон", "τηλεφωνο", "κινητο", "الهاتف",
            "رقم الهاتف", "الجوال", "טלפון", "nomor telepon", "telepon", "so dien thoai", "dien thoai", "फ़ोन",
            "फोन",
        ],
    ),
    (
        Organisation,
        100,
        &[
            "company", "companies", "company name", "companyname", "organisation", "organization",
            "organisation name", "organization name", "org", "org name", "business", "business name", "businessname",
            "employer", "firm", "firm name", "practice name", "agency name", "account name", "institution",
            "institution name", "school name", "clinic name", "where do you work", "company or organization",
            "company organization", "company organisation", "legal name", "firma", "firmenname", "unternehmen",
            "unternehmensname", "name des unternehmens", "name der firma", "betrieb", "arbeitgeber", "institut",
            "verein", "entreprise", "nom de l entreprise", "nom de la societe", "societe", "raison sociale",
            "organisme", "etablissement", "nom entreprise", "empresa", "nombre de la empresa", "compania",
            "organizacion", "razon social", "nome da empresa", "organizacao", "azienda", "nome azienda",
            "ragione sociale", "ditta", "societa", "organizzazione", "bedrijf", "bedrijfsnaam", "organisatie",
            "foretag", "foretagsnamn", "organisasjon", "bedrift", "bedriftsnavn", "virksomhed", "virksomhedsnavn",
            "firmanavn", "yritys", "yrityksen nimi", "organisaatio", "nazwa firmy", "przedsiebiorstwo", "spolecnost",
            "nazev firmy", "nazov firmy", "spolocnost", "ceg", "cegnev", "vallalkozas", "tvrtka", "podjetje",
            "companie", "nume firma", "sirket", "sirket adi", "kurum", "компания", "название компании",
            "организация", "фирма", "компанія", "організація", "εταιρεια", "επωνυμια εταιρειας", "الشركة",
            "اسم الشركة", "חברה", "שם החברה", "perusahaan", "nama perusahaan", "cong ty", "कंपनी",
        ],
    ),
    (
        Subject,
        100,
        &[
            "subject", "subject line", "topic", "headline", "regarding", "re", "betreff", "thema", "objet", "sujet",
            "asunto", "assunto", "oggetto", "onderwerp", "amne", "arende", "emne", "aihe", "temat", "predmet",
            "targy", "konu", "subiect", "тема", "θεμα", "الموضوع", "נושא", "subjek", "tieu de", "reason for contact",
            "reason for contacting", "reason for enquiry", "reason for inquiry",
        ],
    ),
    (Subject, 60, &["title", "summary"]),
    (Name, 50, &["contact", "kontakt", "contacto"]),
    (
        Text,
        100,
        &[
            "message", "messages", "msg", "your message", "message text", "message body", "comment", "comments",
            "comments or questions", "questions or comments", "enquiry", "inquiry", "inquiry details",
            "enquiry details", "help you", "can we help", "can we help you", "how can we help",
            "how can we help you", "how may we help", "what do you need", "what do you need help with",
            "what can we do for you", "do you need", "tell us more", "tell us about", "tell us", "describe",
            "your request", "request details", "project details", "project description", "question", "questions",
            "your question", "additional information", "additional details", "request", "issue description",
            "problem description", "what is it about", "on your mind", "looking for", "nachricht", "ihre nachricht",
            "mitteilung", "anliegen", "ihr anliegen", "anfrage", "ihre anfrage", "wie konnen wir helfen",
            "wie konnen wir ihnen helfen", "konnen wir fur sie tun", "kommentar", "ihre mitteilung", "frage",
            "fragen", "worum geht es", "erzahlen sie uns", "parlez nous de", "cuentanos", "raccontaci", "vertel ons", "beschreiben sie", "bericht", "uw bericht", "votre message", "demande",
            "votre demande", "commentaire", "commentaires", "comment pouvons nous vous aider",
            "pouvons nous vous aider", "votre besoin", "besoin", "mensaje", "su mensaje", "tu mensaje", "comentario",
            "comentarios", "consulta", "en que podemos ayudarte", "podemos ayudarle", "podemos ayudarte",
            "solicitud", "mensagem", "sua mensagem", "como podemos ajudar", "podemos ajudar", "pedido", "messaggio",
            "il tuo messaggio", "il suo messaggio", "richiesta", "la tua richiesta", "commento",
            "come possiamo aiutarti", "possiamo aiutarti", "vraag", "uw vraag", "opmerking", "opmerkingen",
            "waarmee kunnen we helpen", "kunnen we helpen", "hoe kunnen we helpen", "meddelande", "ditt meddelande",
            "fraga", "beskjed", "melding", "besked", "din besked", "henvendelse", "sporgsmal", "viesti", "kysymys",
            "viestisi", "wiadomosc", "tresc", "tresc wiadomosci", "pytanie", "zapytanie", "zprava", "dotaz",
            "sprava", "otazka", "uzenet", "kerdes", "poruka", "sporocilo", "upit", "mesaj", "mesajul", "mesajiniz",
            "сообщение", "текст сообщения", "вопрос", "ваш вопрос", "комментарий", "обращение", "повідомлення",
            "питання", "μηνυμα", "الرسالة", "رسالتك", "رسالة", "הודעה", "pesan", "tin nhan", "noi dung", "संदेश",
        ],
    ),
    (
        Text,
        85,
        &[
            "description", "details", "body", "text", "content", "notes", "note", "remarks", "feedback", "brief",
            "beschreibung", "bemerkung", "bemerkungen", "anmerkung", "anmerkungen", "inhalt",
            "description du projet", "descripcion", "detalles", "descricao", "detalhes", "descrizione", "dettagli",
            "note aggiuntive", "toelichting", "omschrijving", "beskrivning", "beskrivelse", "kuvaus", "lisatiedot",
            "opis", "uwagi", "popis", "megjegyzes", "leiras", "aciklama", "описание", "подробности", "περιγραφη",
            "precisions", "remarques", "observaciones", "issue", "problem", "requirements", "needs",
        ],
    ),
    (
        Text,
        45,
        &[
            "anything else", "additional comments", "other comments", "summary", "short description", "excerpt",
            "reason", "goal", "goals",
        ],
    ),
];

/// The same for scripts that set no spaces: found anywhere in the label, the longest first.
#[rustfmt::skip]
pub(crate) const UNSPACED: &[(Role, &str)] = &[
    (Text, "お問い合わせ内容"), (Text, "ご相談内容"), (Text, "お問い合わせ"), (Text, "メッセージ"), (Text, "ご質問"), (Text, "本文"),
    (Text, "内容"), (Text, "備考"), (Text, "留言"), (Text, "消息"), (Text, "信息内容"), (Text, "您的需求"), (Text, "需求"),
    (Text, "描述"), (Text, "訊息"), (Text, "问题"), (Text, "메시지"), (Text, "문의"), (Text, "내용"), (Text, "ข้อความ"),
    (Email, "メールアドレス"), (Email, "メール"), (Email, "电子邮件"), (Email, "电子邮箱"), (Email, "電子郵件"), (Email, "电邮"),
    (Email, "邮箱"), (Email, "信箱"), (Email, "이메일"), (Email, "อีเมล"), (Phone, "電話番号"), (Phone, "携帯電話"), (Phone, "電話"),
    (Phone, "携帯"), (Phone, "电话"), (Phone, "手机"), (Phone, "手機"), (Phone, "联系方式"), (Phone, "전화번호"), (Phone, "연락처"),
    (Phone, "전화"), (Phone, "휴대폰"), (Phone, "โทรศัพท์"), (Phone, "เบอร์โทร"), (Organisation, "会社名"),
    (Organisation, "貴社名"), (Organisation, "御社名"), (Organisation, "企業名"), (Organisation, "法人名"),
    (Organisation, "団体名"), (Organisation, "会社"), (Organisation, "公司名称"), (Organisation, "公司名稱"),
    (Organisation, "公司"), (Organisation, "企业"), (Organisation, "单位"), (Organisation, "회사명"), (Organisation, "회사"),
    (Organisation, "บริษัท"), (Subject, "件名"), (Subject, "题目"), (Subject, "主题"), (Subject, "主題"), (Subject, "标题"),
    (Subject, "제목"), (Subject, "หัวข้อ"), (Name, "お名前"), (Name, "ご氏名"), (Name, "氏名"), (Name, "名前"), (Name, "担当者名"),
    (Name, "姓名"), (Name, "名字"), (Name, "联系人"), (Name, "聯絡人"), (Name, "이름"), (Name, "성함"), (Name, "성명"),
    (Name, "ชื่อ"),
];

/// Words that say nothing about what a field holds.
#[rustfmt::skip]
pub(crate) const EMPTY_WORDS: &[&str] = &[
    "your", "my", "the", "a", "an", "our", "please", "enter", "provide", "fill", "in", "optional", "required",
    "input", "field", "is", "are", "what", "whats", "s", "and", "of", "at", "to", "for", "or", "you", "we",
    "contact", "primary", "preferred", "best", "main", "here", "wpforms", "cf", "ihr", "ihre", "ihren", "dein",
    "deine", "bitte", "geben", "sie", "ein", "angeben", "pflichtfeld", "freiwillig", "der", "die", "das", "votre",
    "vos", "le", "la", "les", "l", "de", "du", "d", "el", "su", "tu", "tus", "sus", "seu", "sua", "o", "il", "tuo",
    "suo", "lo", "uw", "je", "jouw", "het", "din", "ditt", "ваш", "ваша", "ваше", "введите", "work", "business",
    "customer", "client",
];

/// Modifiers after which `… name` still means a person.
#[rustfmt::skip]
pub(crate) const PERSON_WORDS: &[&str] = &[
    "full", "your", "contact", "customer", "client", "person", "persons", "sender", "lead", "submitter", "requester",
    "requestor", "guest", "visitor", "patient", "applicant", "complete", "real", "billing", "buyer", "author",
    "respondent", "attendee", "participant", "parent", "tenant", "owner", "member", "user", "caller", "reporter",
    "and", "surname", "family", "s",
];

/// Words beside which a match means something else: `company size`, `message type`, `e-mail consent`.
#[rustfmt::skip]
pub(crate) const VETO_WORDS: &[&str] = &[
    "size", "website", "url", "site", "link", "type", "industry", "id", "ids", "count", "date", "time", "status",
    "consent", "newsletter", "method", "language", "locale", "source", "hear", "heard", "about us", "registration",
    "vat", "employees", "revenue", "country", "city", "state", "zip", "domain", "sector", "category", "role",
    "position", "color", "code", "format", "version", "attachment", "file", "avatar", "preference", "preferences",
    "subscribe", "optin", "opt", "verified", "valid", "ip", "agent", "referrer", "groesse", "grosse", "taille",
    "tamano", "address", "anschrift", "budget", "timezone", "hash", "ref", "key", "when", "often", "many", "much",
    "prefer", "html", "number of", "consentement", "bestaetigung",
];

/// Words for people in a body who are not the one who asks.
#[rustfmt::skip]
pub(crate) const OTHER_PEOPLE: &[&str] = &[
    "owner", "assignee", "assigned", "agent", "rep", "staff", "admin", "cc", "bcc", "recipient", "merchant", "store",
    "shop", "emergency", "partner", "spouse", "sales", "support", "previous",
];

/// Words for places in a body that speak of a thing, unless an e-mail address stands right there.
#[rustfmt::skip]
pub(crate) const THINGS: &[&str] = &[
    "meta", "metadata", "context", "definition", "schema", "page", "form", "repository", "repo", "project", "product",
    "products", "plan", "links", "settings", "head", "base", "hidden", "utm", "avatar", "installation", "app",
    "browser", "device", "referrer", "campaign", "tracking", "items", "site", "workspace", "template", "event",
    "webhook", "source", "location", "file", "files", "image",
];

/// Words for places where senders put what was filled in.
#[rustfmt::skip]
pub(crate) const ANSWER_PLACES: &[&str] = &[
    "data", "fields", "answers", "submission", "payload", "responses", "response", "entry", "questions", "values",
    "contact", "lead", "person", "customer", "requester", "submitter", "formdata",
];

/// Words for places that speak of an organisation.
pub(crate) const ORGANISATION_WORDS: &[&str] = &[
    "org",
    "organization",
    "organisation",
    "company",
    "business",
    "account",
    "employer",
    "firm",
    "firma",
    "unternehmen",
    "entreprise",
    "empresa",
    "azienda",
];

/// Words for a place whose own name says nothing, so that the one around it counts.
#[rustfmt::skip]
pub(crate) const PLAIN_PLACES: &[&str] = &[
    "full", "value", "values", "raw", "raw_value", "answer", "answers", "default", "formatted", "home", "primary",
    "main", "other", "personal", "work", "number", "address", "text", "string", "content", "national",
    "international", "plain", "display", "0", "1", "label", "input", "response",
];

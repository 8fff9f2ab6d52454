//! The words of the languages: how mail programs introduce a quotation, name the headers above it, and draw a bar over it.
//!
//! Data only, in lower case, words of a list parted by `|`. **To add a language** add its words to each list; order does not matter.

use std::sync::LazyLock;

/// A list of words.
pub(super) type Words = LazyLock<Vec<&'static str>>;

/// The words of a list.
pub(super) fn split(list: &'static str) -> Vec<&'static str> {
    list.split('|').collect()
}

/// What a mail program writes in front of the date: `On …`, `Am …`.
pub(super) static OPENERS: Words = LazyLock::new(|| {
    split(
        "on|at|in|am|le|op|il|el|em|no dia|den|d.|kl|w dniu|dnia|dne|dňa|v|în|pe|la data|dana|на|в|у|στις|\
         tarihinde|ב|בתאריך|في|vào|pada|noong|dia|a|el dia|um|från|þann|o|il giorno|在|於|于|ons|ti|ke|to|la|su|ma|\
         2|quoting|citát|zitat von|citando|citerar|u|hin|þriðjudagur",
    )
});

/// `wrote`, as mail programs say it. Matched at a word's edge, in any place of an introduction.
pub(super) static VERBS: Words = LazyLock::new(|| {
    split(
        "wrote|writes|said|schrieb|geschrieben|hat geschrieben|hat folgendes geschrieben|schrieben|schreef|\
         geschreven|het volgende geschreven|skrev|skrifaði|kirjoitti|kirjutas|følgende|följande|a écrit|a ecrit|\
         écrit|a crit|écrivait|ha scritto|scrive|scrisse|escribió|escribio|ha escrito|va escriure|ha escrit|\
         escreveu|escribiu|a scris|scria|napisał|napisała|napisał(a)|napisał/a|napisali|pisze|napsal|napsala|\
         napsal(a)|napsal/a|napísal|napísala|napísal(a)|je napisao|je napisala|je napisao/la|napisao je|\
         napisala je|je napisal|je pisal|napisal|написал|написала|написал(а)|пишет|написав|написала(в)|пише|\
         написа|напиша|писал|писала|писал(а)|rašė|parašė|rakstīja|έγραψε|έγραψαν|yazdı|şunu yazdı|şunları yazdı|\
         ezt írta|írta|írta (időpont|כתב|כתבה|כתב/ה|מאת|كتب|كتبت|نوشت|写道|寫道|寫了|写了|写下|书写|のメール|のメッセージ|さんは書きました|\
         書きました|님이 작성|님이 썼습니다|작성|썼습니다|đã viết|viết|menulis|เขียนว่า|เขียน|sumulat|ने लिखा|idatzi du|idatzi zuen|\
         yazıb|yazmış|ने लिहिले|ने लिहीले|დაწერა|წერს|գրել է|գրեց|yozgan|напісаў|напісала|піша|қате жазды|жазды|\
         жазған|쓴 내용|이 씀|가 씀|님이 씀|작성함|写到|寫到|ysgrifennodd|scríobh|skrivet gant|schreift|huet geschriwwen|skreiv|\
         skreau|skreaun|nivîsî|nivîsand|skribis|ha scribite|shkroi|ka shkruar|skrivaði|نوشته است|نوشته|می‌نویسد|\
         បានសរសេរ|sporoča|sporočil|escribeu|sgrìobh|כותב|כתב(ה)|написав(-ла)|написал(-а)|എഴുതി|எழுதினார்|రాశారు|\
         ಬರೆದರು|লিখেছেন|ਲਿਖਿਆ|લખ્યું|لکھا|skrifar|tulis|aliandika|het geskryf|geskryf|scrìobh|يكتب|written by",
    )
});

/// Weekdays, whole; shorter forms are their beginnings.
pub(super) static WEEKDAYS: Words = LazyLock::new(|| {
    split(
        "monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|\
         samstag|sonnabend|sonntag|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|lundi|mardi|\
         mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo|lunedì|\
         martedì|mercoledì|giovedì|venerdì|sabato|domenica|segunda-feira|terça-feira|quarta-feira|quinta-feira|\
         sexta-feira|segunda|terça|quarta|quinta|sexta|mandag|tirsdag|onsdag|torsdag|fredag|lørdag|søndag|måndag|\
         tisdag|lördag|söndag|maanantai|tiistai|keskiviikko|torstai|perjantai|lauantai|sunnuntai|poniedziałek|\
         wtorek|środa|czwartek|piątek|sobota|niedziela|pondělí|úterý|středa|čtvrtek|pátek|neděle|po|út|st|čt|pá|\
         so|ne|pon|wt|śr|czw|pt|sob|niedz|hétfő|kedd|szerda|csütörtök|péntek|szombat|vasárnap|luni|marți|\
         miercuri|joi|vineri|sâmbătă|duminică|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|пн|\
         вт|ср|чт|пт|сб|вс|понеділок|вівторок|середа|четвер|п'ятниця|субота|неділя|нд|pazartesi|salı|çarşamba|\
         perşembe|cuma|cumartesi|pazar|δευτέρα|τρίτη|τετάρτη|πέμπτη|παρασκευή|σάββατο|κυριακή|ponedjeljak|utorak|\
         srijeda|četvrtak|petak|subota|nedjelja|ponedeljek|torek|sreda|četrtek|petek|nedelja|dilluns|dimarts|\
         dimecres|dijous|divendres|dissabte|diumenge|dg|dl|dt|dc|dj|dv|ds|senin|selasa|rabu|kamis|jumat|sabtu|\
         minggu",
    )
});

/// Months, whole; shorter forms are their beginnings.
pub(super) static MONTHS: Words = LazyLock::new(|| {
    split(
        "january|february|march|april|may|june|july|august|september|october|november|december|januar|februar|\
         märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|\
         novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|\
         diciembre",
    )
});

/// Names of the header that tells who sent a quoted mail.
pub(super) static FROM: Words = LazyLock::new(|| {
    split(
        "from|von|de|de la|da|van|från|fra|od|lähettäjä|kimden|gönderen|от|от кого|отправитель|від|发件人|发送人|寄件者|\
         寄件人|差出人|送信者|送信元|보낸 사람|보낸사람|발신|מאת|من|feladó|expéditeur|mittente|remitente|afzender|expeditor|odesílatel|\
         odosielateľ|nadawca|saatja|remetente|absender|avsändare|afsender|avsender|από|pošiljatelj|šalje|từ|dari|\
         จาก|nuo|no|frá|desde|sender|ad|nga|nork|oddi wrth|seolaí|kellelt|kimdan|kimdən|fan|frå|vun|sendanto|\
         siuntėjas|sūtītājs|ji|daripada|gửi từ|người gửi|ад|од|ուղարկող|المرسل|مِن|از|فرستنده|प्रेषक|ผู้ส่ง|\
         გამგზავნი|dende|a-berzh|eus|pošiljalac|відправник|подател|sendandi|kirjoittaja|發件人",
    )
});

/// Names of the header that tells when a quoted mail was sent.
pub(super) static SENT: Words = LazyLock::new(|| {
    split(
        "sent|date|sent at|gesendet|gesendet am|datum|envoyé|envoyé le|envoyé par|enviado|enviado el|enviada em|\
         enviado em|enviada|enviat|fecha|data|data/ora|inviato|inviato il|verzonden|verstuurd|skickat|sendt|dato|\
         wysłano|wysłane|data wysłania|lähetetty|lähetysaika|päivämäärä|päiväys|pvm|gönderildi|gönderilme tarihi|\
         gönderme tarihi|tarih|отправлено|дата|дата отправки|надіслано|发送时间|发送日期|日期|寄件日期|時間|时间|送信日時|日時|日付|보낸 날짜|\
         보낸날짜|날짜|elküldve|dátum|küldés időpontja|odesláno|odoslané|trimis|dată|poslano|נשלח|תאריך|تاريخ الإرسال|\
         التاريخ|تم الإرسال|στάλθηκε|ημερομηνία|saadetud|kuupäev|đã gửi|ngày|dikirim|tanggal|วันที่|išsiųsta|\
         nosūtīts|изпратено|sent on|time|sana|dáta|deiz|datë|tarikh|dyddiad|datums|data i godzina|dîrok|tarix|\
         ամսաթիվ|تاریخ|ارسال|दिनांक|तारीख|თარიღი|датум|sendita je|sendita|bidalita|dërguar më|dërguar|kaset|\
         anfonwyd|terkirim|poslato|послата|послано|изпрати до|изпратено на|відправлено|адпраўлена|αποστολή|送信日|\
         gönderilen|giden|tann|tarih ve saat|sendt dato|datum a čas",
    )
});

/// Names of the header that tells to whom a quoted mail went.
pub(super) static TO: Words = LazyLock::new(|| {
    split(
        "to|an|à|a|para|aan|till|til|do|vastaanottaja|kime|alıcı|кому|до|收件人|收件者|宛先|받는 사람|받는사람|수신|címzett|komu|\
         către|catre|za|אל|إلى|προς|pour|per|destinataire|destinatario|destinatário|naar|adresat|empfänger|\
         mottagare|modtager|mottaker|prima|đến|tới|kepada|ถึง|kam|adresāts|saaja|příjemce|príjemca|pentru|chuig|\
         kimga|nori|derbyniwr|oan|ricevanto|gavėjas|kimə|bo|người nhận|каму|примач|ստացող|المستقبل|به|प्रति|\
         प्रती|ผู้รับ|ვის|përfituesi|për|un|ontvanger|送信先|primatelj|prejemnik|kellele|gu|al|收信人|одержувач|\
         получатель|получател",
    )
});

/// Names of the headers that tell who else got a quoted mail, and what else may stand there.
pub(super) static OTHER: Words = LazyLock::new(|| {
    split(
        "cc|bcc|kopie|copie|copie à|copia|kopia|kopi|kopio|копия|копія|抄送|副本|참조|másolatot kap|másolat|bilgi|\
         cópia|κοιν.|عنسخة|נסכה|עותק|в копии|dw|do wiadomości|kópia|reply-to|reply to|antwort an|répondre à|\
         responder a|rispondi a|importance|priority|priorität|wichtigkeit|importancia|attachments|anlagen|\
         pièces jointes|organization|message-id|organisation|koopia|копие|رونوشت|副本抄送|answer to|svar til|\
         antwoord naar|cc mottakere",
    )
});

/// Names of the header that tells what a quoted mail was about.
pub(super) static SUBJECT: Words = LazyLock::new(|| {
    split(
        "subject|betreff|objet|sujet|asunto|assunto|oggetto|onderwerp|ämne|emne|temat|aihe|konu|тема|主题|主旨|件名|제목|\
         tárgy|předmět|predmet|subiect|subiectul|נושא|الموضوع|θέμα|tema|zadeva|assumpte|teema|chủ đề|subyek|\
         perihal|subjek|เรื่อง|относно|efni|re|tēma|ábhair|mavzu|pealkiri|gaia|sujed|danvez|subjekt|pwnc|\
         ûnderwerp|temo|mövzu|mijar|temats|tiêu đề|evni|тэма|наслов|заглавие|վերնագիր|موضوع|विषय|หัวจดหมาย|\
         หัวข้อ|სათაური|titel|titre|cuspair|naslov|titlu|tytuł",
    )
});

/// What stands in the bar above a quoted or forwarded mail.
pub(super) static BARS: Words = LazyLock::new(|| {
    split(
        "original message|original e-mail|original email|original mail|original appointment|reply message|\
         ursprüngliche nachricht|urspr. nachricht|originalnachricht|original-nachricht|original nachricht|\
         antwort nachricht|message d'origine|message d’origine|message original|message initial|\
         courriel original|mensaje original|mensagem original|mensaxe orixinal|messaggio originale|\
         oorspronkelijk bericht|origineel bericht|original besked|oprindelig meddelelse|oprindelig mail|\
         opprinnelig melding|originalmelding|originalmeddelande|ursprungligt meddelande|\
         ursprungligt e-postmeddelande|alkuperäinen viesti|oryginalna wiadomość|wiadomość oryginalna|\
         original viest|исходное сообщение|оригинальное сообщение|первоначальное сообщение|\
         оригінальне повідомлення|původní zpráva|pôvodná správa|eredeti üzenet|mesaj original|mesajul original|\
         orijinal mesaj|özgün ileti|orijinal ileti|원본 메시지|원본 메일|원본메시지|原始邮件|原始郵件|原始信息|原邮件|元のメッセージ|元のメール|\
         オリジナルメッセージ|αρχικό μήνυμα|הודעה מקורית|الرسالة الأصلية|izvorna poruka|originalna poruka|\
         izvirno sporočilo|algne teade|tin nhắn gốc|pesan asli|missatge original|oriģinālais ziņojums|\
         pradinis laiškas|upprunaleg skilaboð|an teachtaireacht bhunaidh|asl xat|esialgne kiri|jatorrizko mezua|\
         kemennadenn orin|mesazhi origjinal|mesej asal|neges wreiddiol|oarspronklik berjocht|\
         oorspronkelijke bericht|opphavleg melding|opprinnelig e-post|original-message|originala mesaĝo|\
         originalus laiškas|originalus tekstas|orijinal məktub|peyama orîjînal|sākotnējā vēstule|thư gốc|\
         арыгінальнае паведамленне|зыходны ліст|оригинална порака|оригинална порука|оригинално писмо|\
         оригинално съобщение|вихідне повідомлення|початкове повідомлення|الرسالة الأساسية|الرسالة الاصلية|\
         پیام اصلی|ข้อความเดิม|ข้อความต้นฉบับ|courriel d’origine|courriel d'origine|original melding|\
         pesan orisinal|原始消息|元メール|πρωτότυπο μήνυμα|mensaxe orixianl|tugna poruka|poruka originala|\
         mensagem anterior|correo original|message précédent",
    )
});

/// What a line says below which nothing is to be written.
pub(super) static ABOVE: Words = LazyLock::new(|| {
    split(
        "above this line|über dieser zeile|oberhalb dieser|au-dessus de cette ligne|encima de esta línea|\
         acima desta linha|sopra questa riga|boven deze lijn|boven deze regel|powyżej tej linii|выше этой строки|\
         ovanför denna rad|over denne linje|nad tento řádek|nad tímto řádkem",
    )
});

/// What stands in the bar above a forwarded mail.
pub(super) static FORWARDS: Words = LazyLock::new(|| {
    split(
        "forwarded message|forwarded by|forward message|forwarded mail|begin forwarded message|\
         weitergeleitete nachricht|anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|\
         message transféré|message transmis|message réexpédié|début du message réexpédié|\
         début du message transféré|mensaje reenviado|inicio del mensaje reenviado|mensagem encaminhada|\
         mensagem reencaminhada|início da mensagem encaminhada|messaggio inoltrato|inizio messaggio inoltrato|\
         doorgestuurd bericht|begin doorgestuurd bericht|videresendt meddelelse|start på videresendt besked|\
         videresendt melding|videresendt besked|videresendt e-post|vidarebefordrat meddelande|\
         vidarebefordrat mejl|vidarebefordrat brev|välitetty viesti|välitetty viesti alkaa|przekazana wiadomość|\
         wiadomość przekazana|początek przekazywanej wiadomości|пересылаемое сообщение|пересланное сообщение|\
         начало переадресованного сообщения|переслане повідомлення|přeposlaná zpráva|předávaná zpráva|\
         preposlaná správa|továbbított üzenet|továbbított levél|mesaj redirecționat|mesaj transmis|\
         yönlendirilen ileti|iletilen ileti|iletilmiş ileti|i̇letilen mesaj|전달된 메시지|전달된 메일|转发的邮件|转发邮件信息|轉寄的郵件|\
         轉寄郵件|转发邮件|転送メッセージ|転送メール|προωθημένο μήνυμα|הודעה שהועברה|رسالة معاد توجيهها|الرسالة المعاد توجيهها|\
         proslijeđena poruka|posredovano sporočilo|pesan terusan|thư được chuyển tiếp|missatge reenviat|\
         edelleenlähetetty viesti|wiadomość przesłana dalej|treść przekazanej wiadomości|\
         перенаправленное сообщение|перенаправлене повідомлення|メッセージを転送|i̇letilmiş mesaj|i̇letilen ileti|\
         переадресоване повідомлення|препратено съобщение|прослеђена порука|prosleđena poruka|persiųstas laiškas|\
         pārsūtīts ziņojums|edastatud kiri|áframsent skeyti|mensaxe reenviada|birtsita mezua|ข้อความที่ส่งต่อ|\
         diteruskan|پیام بازارسال شده",
    )
});
